# Who may use which key. Whoever reads below a prefix may decrypt with that prefix's key, and no other.

locals {
  # What inputs take that name roles and users: whole ARNs of this partition. Identity Center ends its roles' names at random, and that ending may be *.
  principal_path           = "([\\w+=,.@-]+/)*[\\w+=,.@-]+"
  identity_center_role     = "role/aws-reserved/sso\\.amazonaws\\.com/([a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_\\*"
  own_exact_role_pattern   = "^arn:${local.partition}:iam::${local.account}:role/${local.principal_path}$"
  own_role_pattern         = "^arn:${local.partition}:iam::${local.account}:(role/${local.principal_path}|${local.identity_center_role})$"
  any_principal_pattern    = "^arn:${local.partition}:iam::[0-9]{12}:((role|user)/${local.principal_path}|${local.identity_center_role})$"
  own_role_sentence        = "give whole ARNs of this account, as arn:${local.partition}:iam::${local.account}:role/NAME, without wildcards"
  identity_center_sentence = "of an Identity Center role alone the random ending may be *, as in AWSReservedSSO_NAME_*"

  # Of entries that may be wrong.
  reader_arns = flatten([for reader in var.readers : try(coalescelist(reader.principal_arns, []), [])])

  # The collector writes the archive, reads the log bucket, works on queue and table. So does who rebuilds the ledger, but for the log bucket. Who acknowledges findings reads these and writes beside them; operators look after queue and table.
  key_users = merge(
    { for class in ["trail"] : class => [local.collector_role_arn] if local.log_bucket_is_ours },
    { for class in ["raw"] : class => concat([local.collector_role_arn], local.auditor_role_arns, var.rebuild_role_arns, var.acknowledger_role_arns) },
    { for class in local.event_kms_classes : class => concat([local.collector_role_arn], var.rebuild_role_arns) },
    { for class in ["queue", "table"] : class => distinct(concat([local.collector_role_arn], local.auditor_role_arns, var.operator_role_arns, var.rebuild_role_arns)) },
    # Nobody else signs what the archive holds.
    { for class in ["attest"] : class => [local.auditor_role_arn] if local.attests_here },
    { for class in ["results"] : class => local.analysts if length(local.analysts) > 0 },
  )

  # events/category=data/… → events-data; events/ alone → all of events; everything else is raw's.
  classes_of_prefix = {
    for prefix in distinct(flatten(var.readers[*].prefixes)) : prefix => (
      !startswith(prefix, "events/") ? ["raw"] : [for class in local.event_kms_classes : class if startswith("events/category=${trimprefix(class, "events-")}/", prefix) || startswith(prefix, "events/category=${trimprefix(class, "events-")}/")]
    )
  }

  # One entry for each principal and class.
  archive_readers = flatten([for reader in var.readers : [for prefix in reader.prefixes : [for class in local.classes_of_prefix[prefix] : [for arn in reader.principal_arns : { class = class, arn = arn }]]]])
  subscriber_readers = flatten([
    for name, subscriber in var.subscribers : [
      for class in concat(["queue"], formatlist("events-%s", subscriber.categories)) : { class = class, arn = "arn:${local.partition}:iam::${local.account}:role${var.role_path}${var.name}-subscriber-${name}" }
    ]
  ])
  # S3 decrypts what it replicates with its role.
  replication_readers = [for class in var.replication == null ? [] : concat(["raw"], local.event_kms_classes) : { class = class, arn = module.audit_bucket.replication_role_arn }]

  # Who asks by Athena reads all classes, and writes and reads answers.
  analysts        = try(var.catalog.analyst_role_arns, [])
  analyst_readers = flatten([for class in concat(["raw"], local.event_kms_classes) : [for arn in local.analysts : { class = class, arn = arn }]])

  # It asks management events for what stopped a trail, and who joined. What it says of the archive stands with raw's key, which it uses.
  auditor_readers = [for arn in local.auditor_role_arns : { class = "events-management", arn = arn }]

  # Whoever looks after it checks what was signed.
  attest_readers = [for arn in var.operator_role_arns : { class = "attest", arn = arn } if local.attests_here]

  operator_readers = flatten([for class in concat(["raw"], local.event_kms_classes) : [for arn in var.operator_role_arns : { class = class, arn = arn } if !contains(concat(var.rebuild_role_arns, class == "raw" ? var.acknowledger_role_arns : []), arn)]])

  all_readers = concat(local.archive_readers, local.subscriber_readers, local.analyst_readers, local.operator_readers, local.auditor_readers, local.attest_readers, local.replication_readers)
  key_readers = {
    for class in distinct(local.all_readers[*].class) : class => distinct([for reader in local.all_readers : reader.arn if reader.class == class])
  }
  # The owner of an existing trail's bucket replicates it into ours.
  key_replicators = { for role in compact([local.source_replication_role_arn]) : "trail" => [role] }
}
