locals {
  archive_arn = "arn:${local.partition}:s3:::${var.archive_bucket_name}"
  results_arn = "arn:${local.partition}:s3:::${var.results_bucket_name}"
  glue        = "arn:${local.partition}:glue:${local.region}:${local.account_id}"
  workgroup   = "arn:${local.partition}:athena:${local.region}:${local.account_id}:workgroup/${var.name}"
  # China's services call KMS under their own domain.
  s3_services = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "s3.${local.region}.${suffix}"])
  readable    = ["accounts", "attest", "events", "findings", "outcomes", "sources"]
}

data "aws_iam_policy_document" "results" {
  statement {
    sid       = "NoPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.results_arn, "${local.results_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "NoOldTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.results_arn, "${local.results_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }

  # Who names no encryption gets the bucket's; parts of an upload name none. A condition that denies what is not equal also denies what is
  # absent, with IfExists too, so it has to ask first whether something was named.
  statement {
    sid       = "NoOtherEncryption"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.results_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }
  }

  statement {
    sid       = "NoOtherKey"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.results_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [var.results_kms_key_arn]
    }
  }

  # Who asks for KMS without naming a key gets the one of S3 itself, not the bucket's.
  statement {
    sid       = "NoKeyOfTheService"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.results_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["true"]
    }
  }

  # Nobody of another account has a use for answers, whatever a later policy says.
  statement {
    sid       = "NoOtherAccount"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.results_arn, "${local.results_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "BoolIfExists"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "analyst" {
  statement {
    sid = "AskInTheWorkgroup"
    actions = [
      "athena:BatchGetNamedQuery",
      "athena:BatchGetQueryExecution",
      "athena:GetNamedQuery",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetQueryResultsStream",
      "athena:GetQueryRuntimeStatistics",
      "athena:GetWorkGroup",
      "athena:ListNamedQueries",
      "athena:ListQueryExecutions",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [local.workgroup]
  }

  statement {
    sid       = "SeeTheCatalogInAthena"
    actions   = ["athena:GetDatabase", "athena:GetDataCatalog", "athena:GetTableMetadata", "athena:ListDatabases", "athena:ListTableMetadata"]
    resources = ["arn:${local.partition}:athena:${local.region}:${local.account_id}:datacatalog/AwsDataCatalog"]
  }

  # These two take no resource; the console wants them.
  statement {
    sid       = "ListWorkgroupsAndCatalogs"
    actions   = ["athena:ListDataCatalogs", "athena:ListWorkGroups"]
    resources = ["*"]
  }

  # Athena looks for a database `default` in each account before it does anything.
  statement {
    sid       = "SeeTheDatabases"
    actions   = ["glue:GetDatabase", "glue:GetDatabases"]
    resources = ["${local.glue}:catalog", "${local.glue}:database/default", "${local.glue}:database/${local.database}"]
  }

  statement {
    sid       = "ReadTheTables"
    actions   = ["glue:GetTable", "glue:GetTables"]
    resources = ["${local.glue}:catalog", "${local.glue}:database/${local.database}", "${local.glue}:table/${local.database}/*"]
  }

  # Only by way of Athena, where the cut-off holds and the question is on record.
  statement {
    sid       = "ReadTheArchiveByAthena"
    actions   = ["s3:GetObject"]
    resources = [for prefix in local.readable : "${local.archive_arn}/${local.root}${prefix}/*"]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "aws:CalledVia"
      values   = ["athena.amazonaws.com"]
    }
  }

  statement {
    sid       = "ListTheArchiveByAthena"
    actions   = ["s3:ListBucket"]
    resources = [local.archive_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for prefix in local.readable : "${local.root}${prefix}/*"]
    }

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "aws:CalledVia"
      values   = ["athena.amazonaws.com"]
    }
  }

  statement {
    sid       = "FindTheBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = [local.archive_arn, local.results_arn]
  }

  statement {
    sid       = "DecryptTheArchive"
    actions   = ["kms:Decrypt"]
    resources = sort(distinct(var.archive_kms_key_arns))

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.s3_services
    }

    # The bucket with S3 Bucket Keys, the object without them.
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = concat([local.archive_arn], [for prefix in local.readable : "${local.archive_arn}/${local.root}${prefix}/*"])
    }
  }

  statement {
    sid       = "KeepAnswers"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.results_arn}/results/*"]
  }

  statement {
    sid       = "ListAnswers"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.results_arn]
  }

  statement {
    sid       = "EncryptAnswers"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.results_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = local.s3_services
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [local.results_arn, "${local.results_arn}/results/*"]
    }
  }
}
