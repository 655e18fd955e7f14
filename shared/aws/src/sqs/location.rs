//! Where a queue is: Region, account and name, out of its URL or its ARN.
//! Source: SQS Developer Guide, "Amazon SQS queue and message identifiers"; AWS General Reference, "Amazon SQS endpoints and quotas".

/// Region, account and name of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) region: String,
    pub(super) account: String,
    pub(super) name: String,
}

impl Location {
    /// Out of a URL of AWS's own: `https://sqs.<region>.amazonaws.com/<account>/<name>`, or the older `https://<region>.queue.amazonaws.com/…`.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let (host, _) = rest.split_once('/')?;
        let labels: Vec<&str> = host.split('.').collect();
        let region = match labels.as_slice() {
            ["sqs" | "sqs-fips", region, "amazonaws" | "api", ..] | [region, "queue", "amazonaws", ..] => *region,
            _ => return None,
        };
        Self::of_path(url, region)
    }

    /// Out of any URL that ends with account and name, in a Region that is known otherwise.
    pub(super) fn of_path(url: &str, region: &str) -> Option<Self> {
        let mut segments = url.trim_end_matches('/').rsplit('/');
        let (name, account) = (segments.next()?, segments.next()?);
        let numbered = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (numbered && !name.is_empty()).then(|| Self { region: region.to_owned(), account: account.to_owned(), name: name.to_owned() })
    }

    /// Out of `arn:<partition>:sqs:<region>:<account>:<name>`.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sqs", region, account, name] = parts.as_slice() else { return None };
        Some(Self { region: (*region).to_owned(), account: (*account).to_owned(), name: (*name).to_owned() })
    }

    /// The queue's ARN.
    pub(super) fn arn(&self) -> String {
        let partition = match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:sqs:{}:{}:{}", self.region, self.account, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn urls_and_arns_name_the_same_queue() {
        let arn = |url: &str| Location::of_url(url).map(|location| location.arn());
        let central = "arn:aws:sqs:eu-central-1:111122223333:trail";
        assert_eq!(arn("https://sqs.eu-central-1.amazonaws.com/111122223333/trail").as_deref(), Some(central));
        assert_eq!(arn("https://eu-central-1.queue.amazonaws.com/111122223333/trail").as_deref(), Some(central));
        let china = "arn:aws-cn:sqs:cn-north-1:111122223333:trail";
        assert_eq!(arn("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/trail").as_deref(), Some(china));
        assert_eq!(arn("http://127.0.0.1:5000/111122223333/trail"), None);
        assert_eq!(arn("trail"), None);
        let local = Location::of_path("http://127.0.0.1:5000/111122223333/trail", "eu-central-1");
        assert_eq!((local.as_ref().map(Location::arn).as_deref(), local), (Some(central), Location::of_arn(central)));
        assert_eq!(Location::of_arn("arn:aws:sns:eu-central-1:111122223333:trail"), None);
    }
}
