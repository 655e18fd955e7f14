//! EC2 and its network, and what applications use: Lambda, RDS, DynamoDB, SSM, Secrets Manager, CloudWatch.

use super::{
    Caller::Through,
    Denial::{Ec2, Exception},
    Event, read, write,
};

const ON_ANY: &str = " on resource: arn:aws:ec2:%r:%a:*/*";

/// Looking around in EC2.
pub(super) const EC2: &[Event] = &[
    read("ec2", "DescribeInstances", 180).asks(r#"{"instancesSet":{"items":[{"instanceId":"%I"}]},"filterSet":{}}"#).denied(Ec2, ""),
    read("ec2", "DescribeInstances", 70).asks(r#"{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"},{"value":"pending"}]}},{"name":"vpc-id","valueSet":{"items":[{"value":"%V"}]}}]},"nextToken":"%b120"}"#).denied(Ec2, ""),
    read("ec2", "DescribeInstanceStatus", 90).asks(r#"{"instancesSet":{"items":[{"instanceId":"%I"}]},"filterSet":{},"includeAllInstances":true}"#).denied(Ec2, ""),
    read("ec2", "DescribeVolumes", 80).asks(r#"{"volumeSet":{"items":[{"volumeId":"%O"}]},"filterSet":{}}"#).denied(Ec2, ""),
    read("ec2", "DescribeSecurityGroups", 80).asks(r#"{"maxResults":200,"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"%G"}]},"filterSet":{}}"#).denied(Ec2, ""),
    read("ec2", "DescribeSubnets", 70).asks(r#"{"subnetSet":{"items":[{"subnetId":"%N"}]},"filterSet":{}}"#).denied(Ec2, ""),
    read("ec2", "DescribeVpcs", 50).asks(r#"{"vpcSet":{"items":[{"vpcId":"%V"}]},"filterSet":{}}"#).denied(Ec2, ""),
    read("ec2", "DescribeRouteTables", 50).asks(r#"{"routeTableIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"%V"}]}}]}}"#).denied(Ec2, ""),
    read("ec2", "DescribeNetworkInterfaces", 60).by(Through("autoscaling")).asks(r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"eni-0%h16"}]},"filterSet":{}}"#),
    read("ec2", "DescribeImages", 30).asks(r#"{"executableBySet":{},"imagesSet":{"items":[{"imageId":"%M"}]},"ownersSet":{},"filterSet":{},"includeDeprecated":false}"#).denied(Ec2, ""),
    read("ec2", "DescribeRegions", 20).asks(r#"{"regionSet":{},"allRegions":true}"#).denied(Ec2, ""),
    read("ec2", "DescribeTags", 40).asks(r#"{"maxResults":500,"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"%I"}]}}]}}"#).denied(Ec2, ""),
    read("ec2", "DescribeLaunchTemplateVersions", 20)
        .asks(r#"{"DescribeLaunchTemplateVersionsRequest":{"LaunchTemplateId":"lt-0%h16","LaunchTemplateVersion":[{"tag":1,"content":"$Latest"}]}}"#)
        .denied(Ec2, "")
        .fails("Client.InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID lt-0%h16, does not exist.", 30),
    read("autoscaling", "DescribeAutoScalingGroups", 60).version("1.10").asks(r#"{"maxRecords":100,"autoScalingGroupNames":["%F-asg"]}"#),
    read("elasticloadbalancing", "DescribeTargetHealth", 70).version("1.10").asks(r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:%r:%a:targetgroup/%F/%h16"}"#).gives(""),
];

/// Changes in EC2: machines, firewalls, networks.
pub(super) const CHANGES: &[Event] = &[
    write("ec2", "RunInstances", 40)
        .asks(r#"{"instancesSet":{"items":[{"imageId":"%M","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"subnetId":"%N","disableApiTermination":false,"disableApiStop":false,"clientToken":"%u","iamInstanceProfile":{"name":"%R"},"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"Name","value":"%F"}]}]}}"#)
        .gives(r#"{"requestId":"%q","reservationId":"r-0%h16","ownerId":"%a","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-0%h16","imageId":"%M","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-3-%n2.%r.compute.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m7g.large","launchTime":%m,"placement":{"availabilityZone":"%ra","tenancy":"default"},"monitoring":{"state":"disabled"},"subnetId":"%N","vpcId":"%V","privateIpAddress":"10.0.3.%n2","stateReason":{"code":"pending","message":"pending"},"architecture":"arm64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","blockDeviceMapping":{},"virtualizationType":"hvm","hypervisor":"xen","groupSet":{"items":[{"groupId":"%G","groupName":"default"}]},"sourceDestCheck":true,"ebsOptimized":true}]}}"#)
        .denied(Ec2, " on resource: arn:aws:ec2:%r:%a:instance/*"),
    write("ec2", "TerminateInstances", 25)
        .asks(r#"{"instancesSet":{"items":[{"instanceId":"%I"}]}}"#)
        .gives(r#"{"requestId":"%q","instancesSet":{"items":[{"instanceId":"%I","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#)
        .denied(Ec2, " on resource: arn:aws:ec2:%r:%a:instance/%I"),
    write("ec2", "AuthorizeSecurityGroupIngress", 22)
        .asks(r#"{"groupId":"%G","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"%i/32","description":"office"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#)
        .gives(r#"{"requestId":"%q","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"%a","groupId":"%G","securityGroupRuleId":"sgr-0%h16","description":"office","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443,"cidrIpv4":"%i/32"}]}}"#)
        .denied(Ec2, " on resource: arn:aws:ec2:%r:%a:security-group/%G"),
    write("ec2", "AuthorizeSecurityGroupIngress", 6)
        .asks(r#"{"groupId":"%G","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{"items":[{"cidrIpv6":"::/0"}]},"prefixListIds":{}}]}}"#)
        .gives(r#"{"requestId":"%q","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"%a","groupId":"%G","securityGroupRuleId":"sgr-0%h16","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"}]}}"#)
        .denied(Ec2, " on resource: arn:aws:ec2:%r:%a:security-group/%G"),
    write("ec2", "RevokeSecurityGroupIngress", 12)
        .asks(r#"{"groupId":"%G","securityGroupRuleIds":{"items":[{"securityGroupRuleId":"sgr-0%h16"}]}}"#)
        .gives(r#"{"requestId":"%q","_return":true,"unknownIpPermissionSet":{}}"#)
        .denied(Ec2, " on resource: arn:aws:ec2:%r:%a:security-group/%G"),
    write("ec2", "CreateSecurityGroup", 8)
        .asks(r#"{"groupName":"%F-%h6","groupDescription":"created by pipeline","vpcId":"%V"}"#)
        .gives(r#"{"requestId":"%q","_return":true,"groupId":"sg-0%h16","securityGroupArn":"arn:aws:ec2:%r:%a:security-group/sg-0%h16"}"#)
        .denied(Ec2, ON_ANY),
    write("ec2", "CreateTags", 40).asks(r#"{"resourcesSet":{"items":[{"resourceId":"%I"}]},"tagSet":{"items":[{"key":"owner","value":"%s"},{"key":"build","value":"%h12"}]}}"#).gives(r#"{"requestId":"%q","_return":true}"#).denied(Ec2, ON_ANY),
    write("ec2", "CreateSnapshot", 14).asks(r#"{"volumeId":"%O","description":"nightly %h6"}"#).gives(r#"{"requestId":"%q","snapshotId":"snap-0%h16","volumeId":"%O","status":"pending","startTime":%m,"ownerId":"%a","volumeSize":"64","encrypted":true,"progress":""}"#).denied(Ec2, ON_ANY),
    write("ec2", "ModifySnapshotAttribute", 1).asks(r#"{"snapshotId":"snap-0%h16","createVolumePermission":{"add":{"items":[{"userId":"%C"}]}},"attributeType":"CREATE_VOLUME_PERMISSION"}"#).gives(r#"{"requestId":"%q","_return":true}"#).denied(Ec2, ON_ANY),
    write("ec2", "CreateRoute", 3).asks(r#"{"routeTableId":"rtb-0%h16","destinationCidrBlock":"10.9.0.0/16","transitGatewayId":"tgw-0%h16"}"#).gives(r#"{"requestId":"%q","_return":true}"#).denied(Ec2, ON_ANY),
    write("ec2", "DeleteFlowLogs", 1).asks(r#"{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-0%h16"}}}"#).gives(r#"{"DeleteFlowLogsResponse":{"xmlns":"http://ec2.amazonaws.com/doc/2016-11-15/","unsuccessful":"","requestId":"%q"}}"#).denied(Ec2, ON_ANY),
];

/// What applications call.
pub(super) const APPLICATION: &[Event] = &[
    read("secretsmanager", "GetSecretValue", 150).version("1.10").asks(r#"{"secretId":"arn:aws:secretsmanager:%r:%a:secret:%S"}"#).denied(Exception, " on resource: arn:aws:secretsmanager:%r:%a:secret:%S"),
    read("secretsmanager", "ListSecrets", 20).version("1.10").asks(r#"{"maxResults":100}"#).denied(Exception, ""),
    write("secretsmanager", "RotateSecret", 3).version("1.10").asks(r#"{"secretId":"%S","clientRequestToken":"%u","rotateImmediately":true}"#).gives(r#"{"arn":"arn:aws:secretsmanager:%r:%a:secret:%S"}"#).denied(Exception, ""),
    read("ssm", "GetParameter", 120).asks(r#"{"name":"%P","withDecryption":true}"#).about(r#"[{"accountId":"%a","ARN":"arn:aws:ssm:%r:%a:parameter%P"}]"#).denied(Exception, " on resource: arn:aws:ssm:%r:%a:parameter%P").fails("ParameterNotFound", "", 20),
    read("ssm", "GetParametersByPath", 60).asks(r#"{"path":"%P","recursive":true,"withDecryption":true,"maxResults":10,"nextToken":"%b160"}"#).denied(Exception, ""),
    write("ssm", "UpdateInstanceInformation", 110).asks(r#"{"instanceId":"%I","agentVersion":"3.3.3050.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"10.0.4.%n2","computerName":"ip-10-0-4-%n2.%r.compute.internal","agentName":"amazon-ssm-agent","availabilityZone":"%ra","availabilityZoneId":"use1-az%n1","sSMConnectionChannel":"ssmmessages"}"#).gives(""),
    write("ssm", "StartSession", 4).asks(r#"{"target":"%I"}"#).gives(r#"{"sessionId":"%s-%w17","tokenValue":"Value hidden due to security reasons.","streamUrl":"wss://ssmmessages.%r.amazonaws.com/v1/data-channel/%s-%w17?role=publish_subscribe"}"#).denied(Exception, " on resource: arn:aws:ec2:%r:%a:instance/%I"),
    write("lambda", "Invoke", 140)
        .data()
        .asks(r#"{"functionName":"arn:aws:lambda:%r:%a:function:%F","invocationType":"Event"}"#)
        .extra(r#"{"customerEniId":"eni-0%h16","functionVersion":"arn:aws:lambda:%r:%a:function:%F:%n2"}"#)
        .about(r#"[{"accountId":"%a","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:%r:%a:function:%F"}]"#)
        .denied(Exception, " on resource: arn:aws:lambda:%r:%a:function:%F"),
    read("lambda", "GetFunction20150331v2", 40).asks(r#"{"functionName":"%F"}"#).denied(Exception, " on resource: arn:aws:lambda:%r:%a:function:%F"),
    write("lambda", "UpdateFunctionCode20150331v2", 8)
        .asks(r#"{"functionName":"%F","s3Bucket":"%B","s3Key":"builds/%h40.zip","publish":true,"dryRun":false}"#)
        .gives(r#"{"functionName":"%F","functionArn":"arn:aws:lambda:%r:%a:function:%F","runtime":"python3.13","role":"arn:aws:iam::%a:role/%R","handler":"app.handler","codeSize":%n7,"description":"","timeout":30,"memorySize":512,"lastModified":"%t","codeSha256":"%b43=","version":"%n2","environment":{},"tracingConfig":{"mode":"PassThrough"},"revisionId":"%u","state":"Active","lastUpdateStatus":"InProgress","packageType":"Zip","architectures":["arm64"]}"#)
        .denied(Exception, " on resource: arn:aws:lambda:%r:%a:function:%F"),
    read("rds", "DescribeDBInstances", 60).version("1.09").asks(r#"{"dBInstanceIdentifier":"%D"}"#).fails("DBInstanceNotFound", "DBInstance %D not found.", 15),
    write("rds", "CreateDBSnapshot", 4).version("1.09").asks(r#"{"dBSnapshotIdentifier":"%D-%h8","dBInstanceIdentifier":"%D"}"#).gives(r#"{"dBSnapshotIdentifier":"%D-%h8","dBInstanceIdentifier":"%D","engine":"postgres","allocatedStorage":100,"status":"creating","port":5432,"availabilityZone":"%ra","vpcId":"%V","masterUsername":"app","engineVersion":"16.8","licenseModel":"postgresql-license","snapshotType":"manual","percentProgress":0,"storageType":"gp3","encrypted":true,"kmsKeyId":"arn:aws:kms:%r:%a:key/%K","dBSnapshotArn":"arn:aws:rds:%r:%a:snapshot:%D-%h8","iAMDatabaseAuthenticationEnabled":false,"dbiResourceId":"db-%k26"}"#),
    write("dynamodb", "PutItem", 90).data().asks(r#"{"tableName":"%T","key":{"pk":"%h16"},"items":["pk","sk","payload"],"returnConsumedCapacity":"TOTAL"}"#).extra(r#"{"bytesIn":%n4}"#).about(r#"[{"accountId":"%a","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:%r:%a:table/%T"}]"#).denied(Exception, " on resource: arn:aws:dynamodb:%r:%a:table/%T").fails("ConditionalCheckFailedException", "The conditional request failed", 40),
    read("dynamodb", "DescribeTable", 40).asks(r#"{"tableName":"%T"}"#).about(r#"[{"accountId":"%a","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:%r:%a:table/%T"}]"#).denied(Exception, ""),
    read("logs", "DescribeLogGroups", 30).version("1.10").asks(r#"{"logGroupNamePrefix":"%L","limit":50}"#).extra("").denied(Exception, ""),
    read("monitoring", "DescribeAlarms", 30).version("1.10").asks(r#"{"alarmNames":["%F-errors"],"maxRecords":100}"#),
    read("sqs", "GetQueueAttributes", 30).version("1.09").asks(r#"{"attributeNames":["All"],"queueUrl":"https://sqs.%r.amazonaws.com/%a/%F"}"#),
    write("ecr", "GetAuthorizationToken", 30).version("1.10").asks("{}").denied(Exception, " on resource: *"),
];
