-- name: Changes to CloudTrail, KMS, IAM and other guards
-- description: Calls of the last 30 days that switch recording or detection off, endanger keys, or widen who may do what. Refused attempts are in it too.
-- To change: the number of days, the calls.
SELECT eventtime, recipientaccountid, awsregion, useridentity.arn AS principal, eventsource, eventname, errorcode, requestparameters, eventid
FROM cloudtrail
WHERE eventday BETWEEN date_format(current_timestamp - INTERVAL '30' DAY, '%Y%m%d') AND date_format(current_timestamp, '%Y%m%d')
  AND eventcategory = 'Management'
  AND (
    (eventsource = 'cloudtrail.amazonaws.com' AND eventname IN (
      'StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'PutInsightSelectors', 'DeleteEventDataStore', 'DeregisterOrganizationDelegatedAdmin'))
    OR (eventsource = 'kms.amazonaws.com' AND eventname IN (
      'ScheduleKeyDeletion', 'DisableKey', 'DisableKeyRotation', 'PutKeyPolicy', 'DeleteImportedKeyMaterial'))
    -- Services make grants for themselves all day.
    OR (eventsource = 'kms.amazonaws.com' AND eventname = 'CreateGrant' AND useridentity.invokedby IS NULL)
    OR (eventsource = 'iam.amazonaws.com' AND eventname IN (
      'CreateUser', 'CreateAccessKey', 'CreateLoginProfile', 'UpdateLoginProfile', 'DeactivateMFADevice', 'UpdateAssumeRolePolicy',
      'AttachUserPolicy', 'AttachGroupPolicy', 'AttachRolePolicy', 'PutUserPolicy', 'PutGroupPolicy', 'PutRolePolicy',
      'CreatePolicyVersion', 'SetDefaultPolicyVersion', 'DeleteRolePermissionsBoundary', 'CreateSAMLProvider', 'CreateOpenIDConnectProvider'))
    OR (eventsource = 'guardduty.amazonaws.com' AND eventname IN ('DeleteDetector', 'UpdateDetector', 'DisassociateMembers', 'CreateFilter'))
    OR (eventsource = 'config.amazonaws.com' AND eventname IN ('StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'DeleteDeliveryChannel'))
    OR (eventsource = 'organizations.amazonaws.com' AND eventname IN ('LeaveOrganization', 'DetachPolicy', 'UpdatePolicy', 'DisablePolicyType'))
  )
ORDER BY eventtime DESC
LIMIT 1000
