//! What watches and governs the rest: CloudTrail, Config, Organizations, Health, GuardDuty, billing.

use super::{
    Caller::{Identity, Service},
    Denial::{Exception, Plain},
    Event, read, write,
};

/// Governance.
pub(super) const GOVERNANCE: &[Event] = &[
    read("health", "DescribeEventAggregates", 90).version("1.08").asks(r#"{"aggregateField":"eventTypeCategory","filter":{"eventStatusCodes":["open","upcoming"],"startTimes":[{"from":"%t"}]}}"#).global().denied(Exception, ""),
    read("organizations", "DescribeOrganization", 50).version("1.08").global().denied(Exception, " on resource: *"),
    read("organizations", "ListAccounts", 40).version("1.08").asks(r#"{"nextToken":"%b180"}"#).global().denied(Exception, " on resource: *"),
    read("organizations", "ListDelegatedAdministrators", 20).version("1.08").by(Service("guardduty")).asks(r#"{"servicePrincipal":"guardduty.amazonaws.com"}"#).global(),
    read("cloudtrail", "LookupEvents", 40).asks(r#"{"maxResults":50,"lookupAttributes":[{"attributeKey":"EventName","attributeValue":"ConsoleLogin"}],"nextToken":"%b220"}"#).denied(Exception, "").fails("ThrottlingException", "Rate exceeded", 60),
    read("cloudtrail", "DescribeTrails", 50).asks(r#"{"trailNameList":[],"includeShadowTrails":true}"#).denied(Exception, ""),
    read("cloudtrail", "GetTrailStatus", 40).asks(r#"{"name":"arn:aws:cloudtrail:us-east-1:%C:trail/organization-trail"}"#).denied(Exception, ""),
    write("cloudtrail", "StopLogging", 1).asks(r#"{"name":"arn:aws:cloudtrail:%r:%a:trail/local-trail"}"#).about(r#"[{"accountId":"%a","type":"AWS::CloudTrail::Trail","ARN":"arn:aws:cloudtrail:%r:%a:trail/local-trail"}]"#).denied(Exception, " on resource: arn:aws:cloudtrail:%r:%a:trail/local-trail"),
    read("config", "DescribeConfigurationRecorderStatus", 40).version("1.08").by(Service("config")).asks(r#"{"configurationRecorderNames":["default"]}"#),
    write("config", "PutEvaluations", 80)
        .version("1.08")
        .asks(r#"{"resultToken":"%b320","testMode":false,"evaluations":[{"complianceResourceType":"AWS::EC2::Instance","complianceResourceId":"%I","complianceType":"COMPLIANT","annotation":"checked %h8","orderingTimestamp":"%e"}]}"#)
        .gives(r#"{"failedEvaluations":[]}"#)
        .denied(Exception, ""),
    read("guardduty", "ListFindings", 30).asks(r#"{"detectorId":"%h32","findingCriteria":{"criterion":{"severity":{"gte":4}}},"maxResults":50}"#).denied(Exception, ""),
    read("guardduty", "GetDetector", 20).asks(r#"{"detectorId":"%h32"}"#).denied(Exception, ""),
    read("access-analyzer", "ListFindingsV2", 20).asks(r#"{"analyzerArn":"arn:aws:access-analyzer:%r:%a:analyzer/organization","maxResults":100}"#).denied(Exception, ""),
    read("securityhub", "GetFindings", 30).asks(r#"{"MaxResults":100,"NextToken":"%b140","Filters":{"RecordState":[{"Comparison":"EQUALS","Value":"ACTIVE"}]}}"#).denied(Exception, ""),
    read("ce", "GetCostAndUsage", 10).asks(r#"{"timePeriod":{"start":"2026-01-01","end":"2026-01-15"},"granularity":"DAILY","metrics":["UnblendedCost"]}"#).global().denied(Exception, ""),
    read("route53", "ListHostedZones", 15).asks(r#"{"maxItems":"100"}"#).global().host("route53.amazonaws.com").denied(Plain, ""),
    write("route53", "ChangeResourceRecordSets", 3)
        .asks(r#"{"hostedZoneId":"Z%k20","changeBatch":{"changes":[{"action":"UPSERT","resourceRecordSet":{"name":"%F.example.com.","type":"A","tTL":60,"resourceRecords":[{"value":"%i"}]}}]}}"#)
        .gives(r#"{"changeInfo":{"status":"PENDING","id":"/change/C%k20","submittedAt":"%e"}}"#)
        .extra("\"Note: Do not use to reconstruct hosted zone\"")
        .global()
        .host("route53.amazonaws.com")
        .denied(Plain, " on resource: arn:aws:route53:::hostedzone/Z%k20"),
    write("sso", "Federate", 25)
        .version("1.08")
        .kind("AwsServiceEvent")
        .by(Identity(r#"{"type":"Unknown","principalId":"%h8-%u","accountId":"%a","userName":"%U@example.com","onBehalfOf":{"userId":"%h8-%u","identityStoreArn":"arn:aws:identitystore::%a:identitystore/d-%h10"},"credentialId":"%b32"}"#))
        .details(r#"{"relayId":"%u","role_name":"AWSReservedSSO_ReadOnlyAccess_%h16","account_id":"%C"}"#),
];
