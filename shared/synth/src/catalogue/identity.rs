//! STS, IAM and sign-in: who becomes whom, and who may do what.

use super::{Caller::Identity, Denial::Plain, Event, read, write};

const ROLE: &str = r#"[{"accountId":"%a","type":"AWS::IAM::Role","ARN":"arn:aws:iam::%a:role/%R"}]"#;
const CREDENTIALS: &str = r#"{"credentials":{"accessKeyId":"ASIA%k16","sessionToken":"IQoJb3JpZ2luX2Vj%b420==","expiration":"%e"},"assumedRoleUser":{"assumedRoleId":"%E:%F","arn":"arn:aws:sts::%a:assumed-role/%R/%F"}}"#;
const WEB: &str = r#"{"type":"WebIdentityUser","principalId":"arn:aws:iam::%a:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:example-org/%F:ref:refs/heads/main","userName":"repo:example-org/%F:ref:refs/heads/main","identityProvider":"arn:aws:iam::%a:oidc-provider/token.actions.githubusercontent.com"}"#;
const SAML: &str = r#"{"type":"SAMLUser","principalId":"%b27=:%U@example.com","userName":"%U@example.com","identityProvider":"%b27="}"#;
const ROOT: &str = r#"{"type":"Root","principalId":"%a","arn":"arn:aws:iam::%a:root","accountId":"%a","accessKeyId":"ASIA%k16","sessionContext":{"sessionIssuer":{},"webIdFederationData":{},"attributes":{"creationDate":"%t","mfaAuthenticated":"true"}}}"#;
const ROOT_SIGN_IN: &str = r#"{"type":"Root","principalId":"%a","arn":"arn:aws:iam::%a:root","accountId":"%a","accessKeyId":""}"#;
const USER_SIGN_IN: &str = r#"{"type":"IAMUser","principalId":"%A","arn":"arn:aws:iam::%a:user/%U","accountId":"%a","userName":"%U"}"#;
const HIDDEN_SIGN_IN: &str = r#"{"type":"IAMUser","accountId":"%a","accessKeyId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#;
const WITH_MFA: &str = r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%%23&isauthcode=true&state=hashArgsFromTB_%r_%h16","MobileVersion":"No","MFAIdentifier":"arn:aws:iam::%a:mfa/%U","MFAUsed":"Yes"}"#;
const WITHOUT_MFA: &str = r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%%23&isauthcode=true&state=hashArgsFromTB_%r_%h16","MobileVersion":"No","MFAUsed":"No"}"#;

/// Credentials for roles.
pub(super) const TOKENS: &[Event] = &[
    write("sts", "AssumeRole", 300).version("1.08").asks(r#"{"roleArn":"arn:aws:iam::%a:role/%R","roleSessionName":"%F","durationSeconds":3600}"#).gives(CREDENTIALS).about(ROLE).denied(Plain, " on resource: arn:aws:iam::%a:role/%R"),
    write("sts", "AssumeRole", 90)
        .version("1.08")
        .by(Identity(r#"{"type":"AWSAccount","principalId":"AROA%k17:%s","accountId":"%C"}"#))
        .asks(r#"{"roleArn":"arn:aws:iam::%a:role/%R","roleSessionName":"%F","externalId":"%h24"}"#)
        .gives(CREDENTIALS)
        .about(ROLE)
        .shared(),
    write("sts", "AssumeRoleWithWebIdentity", 70)
        .version("1.08")
        .by(Identity(WEB))
        .asks(r#"{"roleArn":"arn:aws:iam::%a:role/%R","roleSessionName":"GitHubActions","durationSeconds":3600}"#)
        .gives(r#"{"subjectFromWebIdentityToken":"repo:example-org/%F:ref:refs/heads/main","credentials":{"accessKeyId":"ASIA%k16","sessionToken":"IQoJb3JpZ2luX2Vj%b420==","expiration":"%e"},"assumedRoleUser":{"assumedRoleId":"%E:GitHubActions","arn":"arn:aws:sts::%a:assumed-role/%R/GitHubActions"},"provider":"arn:aws:iam::%a:oidc-provider/token.actions.githubusercontent.com","audience":"sts.amazonaws.com"}"#)
        .extra(r#"{"identityProviderConnectionVerificationMethod":"IAMTrustStore"}"#)
        .about(ROLE),
    write("sts", "AssumeRoleWithSAML", 30)
        .version("1.08")
        .by(Identity(SAML))
        .asks(r#"{"principalArn":"arn:aws:iam::%a:saml-provider/corporate","roleArn":"arn:aws:iam::%a:role/%R","roleSessionName":"%U@example.com","durationSeconds":28800,"sAMLAssertionID":"_%u"}"#)
        .gives(r#"{"credentials":{"accessKeyId":"ASIA%k16","sessionToken":"IQoJb3JpZ2luX2Vj%b420==","expiration":"%e"},"assumedRoleUser":{"assumedRoleId":"%E:%U@example.com","arn":"arn:aws:sts::%a:assumed-role/%R/%U@example.com"},"subject":"%U@example.com","subjectType":"persistent","issuer":"https://idp.example.com/metadata","audience":"https://signin.aws.amazon.com/saml","nameQualifier":"%b27="}"#)
        .about(ROLE),
    read("sts", "GetCallerIdentity", 90).version("1.08"),
];

/// People: signing in, and changing what others may do.
pub(super) const PEOPLE: &[Event] = &[
    write("signin", "ConsoleLogin", 16).version("1.08").kind("AwsConsoleSignIn").by(Identity(USER_SIGN_IN)).gives(r#"{"ConsoleLogin":"Success"}"#).extra(WITH_MFA).global(),
    write("signin", "ConsoleLogin", 9).version("1.08").kind("AwsConsoleSignIn").by(Identity(USER_SIGN_IN)).gives(r#"{"ConsoleLogin":"Success"}"#).extra(WITHOUT_MFA).global(),
    write("signin", "ConsoleLogin", 5).version("1.08").kind("AwsConsoleSignIn").by(Identity(USER_SIGN_IN)).gives(r#"{"ConsoleLogin":"Failure"}"#).extra(WITHOUT_MFA).fails("", "Failed authentication", 1000).global(),
    write("signin", "ConsoleLogin", 3).version("1.08").kind("AwsConsoleSignIn").by(Identity(HIDDEN_SIGN_IN)).gives(r#"{"ConsoleLogin":"Failure"}"#).extra(WITHOUT_MFA).fails("", "No username found in supplied account", 1000).global(),
    write("signin", "ConsoleLogin", 2).version("1.08").kind("AwsConsoleSignIn").by(Identity(ROOT_SIGN_IN)).gives(r#"{"ConsoleLogin":"Success"}"#).extra(WITH_MFA).global(),
    write("iam", "CreateAccessKey", 1).by(Identity(ROOT)).asks(r#"{"userName":"%U"}"#).gives(r#"{"accessKey":{"userName":"%U","accessKeyId":"AKIA%k16","status":"Active","createDate":"%e"}}"#).global(),
    read("iam", "GetAccountSummary", 4).by(Identity(ROOT)).global(),
    read("iam", "GetUser", 60).asks(r#"{"userName":"%U"}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: user %U").fails("NoSuchEntityException", "The user with name %h8 cannot be found.", 40),
    read("iam", "GetRole", 90).asks(r#"{"roleName":"%R"}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: role %R").fails("NoSuchEntityException", "The role with name %F cannot be found.", 60),
    read("iam", "ListAttachedRolePolicies", 70).asks(r#"{"roleName":"%R","maxItems":100}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: role %R"),
    read("iam", "ListRoles", 40).asks(r#"{"maxItems":1000,"marker":"%b96"}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: arn:aws:iam::%a:role/"),
    read("iam", "ListUsers", 30).asks(r#"{"maxItems":100}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: arn:aws:iam::%a:user/"),
    read("iam", "GetPolicyVersion", 30).asks(r#"{"policyArn":"arn:aws:iam::%a:policy/%F","versionId":"v%n1"}"#).global().host("iam.amazonaws.com").denied(Plain, ""),
    write("iam", "CreateUser", 2).asks(r#"{"userName":"%U.%h4","path":"/"}"#).gives(r#"{"user":{"path":"/","userName":"%U.%h4","userId":"AIDA%k17","arn":"arn:aws:iam::%a:user/%U","createDate":"%e"}}"#).global().host("iam.amazonaws.com").denied(Plain, ""),
    write("iam", "CreateAccessKey", 3).asks(r#"{"userName":"%U"}"#).gives(r#"{"accessKey":{"userName":"%U","accessKeyId":"AKIA%k16","status":"Active","createDate":"%e"}}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: user %U"),
    write("iam", "AttachRolePolicy", 6).asks(r#"{"roleName":"%R","policyArn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: role %R"),
    write("iam", "AttachUserPolicy", 1).asks(r#"{"userName":"%U","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#).global().host("iam.amazonaws.com").denied(Plain, " on resource: user %U"),
    write("iam", "PutRolePolicy", 5)
        .asks(r#"{"roleName":"%R","policyName":"inline-%h6","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"s%h6\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:ListBucket\"],\"Resource\":[\"arn:aws:s3:::%B\",\"arn:aws:s3:::%B/*\"]}]}"}"#)
        .global()
        .host("iam.amazonaws.com")
        .denied(Plain, " on resource: role %R"),
    write("iam", "CreateRole", 3)
        .asks(r#"{"roleName":"%F-%h6","assumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}","tags":[{"key":"owner","value":"%U"}]}"#)
        .gives(r#"{"role":{"path":"/","roleName":"%F-%h6","roleId":"AROA%k17","arn":"arn:aws:iam::%a:role/%F","createDate":"%e","assumeRolePolicyDocument":"%%7B%%22Version%%22%%3A%%222012-10-17%%22%%2C%%22Statement%%22%%3A%%5B%%7B%%22Effect%%22%%3A%%22Allow%%22%%7D%%5D%%7D"}}"#)
        .global()
        .host("iam.amazonaws.com")
        .denied(Plain, ""),
    write("signin", "SwitchRole", 3)
        .version("1.08")
        .kind("AwsConsoleSignIn")
        .gives(r#"{"SwitchRole":"Success"}"#)
        .extra(r#"{"SwitchFrom":"arn:aws:iam::%C:user/%U","RedirectTo":"https://console.aws.amazon.com/console/home?hashArgs=%%23&isauthcode=true"}"#)
        .global(),
];
