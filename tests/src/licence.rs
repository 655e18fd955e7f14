//! Reads SPDX licence expressions as crates write them, against a list of allowed licences.

/// Whether a licence expression can be met with allowed licences only. The old form with `/` means OR.
pub fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.any() && reader.words.is_empty()
}

/// Reads `any := all (OR all)*`, `all := one (AND one)*`, `one := ( any ) | licence [WITH exception]`.
struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Reader<'_> {
    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.take("OR") {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.take("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let met = self.any();
            return self.take(")") && met;
        }
        let Some((licence, rest)) = self.words.split_first() else { return false };
        self.words = rest;
        let mut licence = (*licence).to_owned();
        if let (true, Some((exception, rest))) = (self.take("WITH"), self.words.split_first()) {
            self.words = rest;
            licence = format!("{licence} WITH {exception}");
        }
        self.allowed.contains(&licence)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = self.words.get(1..).unwrap_or_default();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn an_expression_is_met_by_allowed_licences_only() {
        let allowed: Vec<String> = ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
        for met in ["MIT", "MIT/Unknown", "GPL-3.0 OR MIT", "ISC AND (Apache-2.0 OR GPL-2.0)", "Apache-2.0 WITH LLVM-exception"] {
            assert!(is_allowed(met, &allowed), "{met}");
        }
        for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "ISC AND (GPL-2.0 OR GPL-3.0)", "MIT WITH Odd-exception", "MIT MIT"] {
            assert!(!is_allowed(unmet, &allowed), "{unmet}");
        }
    }
}
