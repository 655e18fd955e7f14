-- CloudTrail's own columns, named and typed as `trailkeep query` has them, each Record once.
-- A Record that was delivered twice has the same bytes, so all of PARTITION BY is the same too; the columns beside the hash are named
-- so that a condition on the day, category, account, Region, time or event id reaches the files below.
SELECT
  metadata.product.version AS eventversion,
  CAST(ROW(
    coalesce(actor."user".type, element_at(unmapped, 'userIdentity.type')),
    coalesce(element_at(unmapped, 'userIdentity.principalId'), actor."user".uid_alt),
    principal_arn,
    coalesce(actor."user".account.uid, element_at(unmapped, 'userIdentity.accountId')),
    access_key_id,
    coalesce(
      element_at(unmapped, 'userIdentity.userName'),
      CASE WHEN actor.session.issuer IS NULL
        AND NOT (actor."user".type = 'Root' AND actor."user".name = 'root')
        AND actor."user".name IS DISTINCT FROM element_at(unmapped, 'additionalEventData.UserName')
      THEN actor."user".name END),
    ROW(
      ROW(actor.session.created_time_dt, CASE WHEN actor.session.is_mfa THEN 'true' WHEN NOT actor.session.is_mfa THEN 'false' END),
      ROW(
        element_at(unmapped, 'userIdentity.sessionContext.sessionIssuer.type'),
        element_at(unmapped, 'userIdentity.sessionContext.sessionIssuer.principalId'),
        actor.session.issuer,
        element_at(unmapped, 'userIdentity.sessionContext.sessionIssuer.accountId'),
        element_at(unmapped, 'userIdentity.sessionContext.sessionIssuer.userName')),
      ROW(
        element_at(unmapped, 'userIdentity.sessionContext.webIdFederationData.federatedProvider'),
        ${put_together["userIdentity.sessionContext.webIdFederationData.attributes"]}),
      element_at(unmapped, 'userIdentity.sessionContext.sourceIdentity'),
      element_at(unmapped, 'userIdentity.sessionContext.ec2RoleDelivery'),
      element_at(unmapped, 'userIdentity.sessionContext.ec2IssuedInVpc')),
    actor.invoked_by,
    coalesce(
      element_at(unmapped, 'userIdentity.identityProvider'),
      CASE WHEN element_at(unmapped, 'userIdentity.sessionContext.webIdFederationData.federatedProvider') IS NULL THEN actor.idp.name END),
    element_at(unmapped, 'userIdentity.credentialId'),
    ROW(
      element_at(unmapped, 'userIdentity.onBehalfOf.userId'),
      coalesce(element_at(unmapped, 'userIdentity.onBehalfOf.identityStoreArn'), actor.idp.uid)),
    ROW(
      element_at(unmapped, 'userIdentity.inScopeOf.sourceArn'),
      element_at(unmapped, 'userIdentity.inScopeOf.sourceAccount'),
      element_at(unmapped, 'userIdentity.inScopeOf.issuerType'),
      element_at(unmapped, 'userIdentity.inScopeOf.credentialsIssuedTo'))
  ) AS ${type["useridentity"]}) AS useridentity,
  event_time AS eventtime,
  api.service.name AS eventsource,
  api.operation AS eventname,
  region AS awsregion,
  coalesce(source_ip, src_endpoint.domain) AS sourceipaddress,
  http_request.user_agent AS useragent,
  api.response.error AS errorcode,
  api.response.message AS errormessage,
  coalesce(api.request.data, element_at(unmapped, 'requestParameters')) AS requestparameters,
  coalesce(api.response.data, element_at(unmapped, 'responseElements')) AS responseelements,
  ${put_together["additionalEventData"]} AS additionaleventdata,
  api.request.uid AS requestid,
  event_uid AS eventid,
  CASE element_at(unmapped, 'readOnly') WHEN 'true' THEN true WHEN 'false' THEN false END AS readonly,
  transform(resources, r -> CAST(ROW(r.owner.account.uid, r.type, r.uid) AS ${element_type["resources"]})) AS resources,
  metadata.event_code AS eventtype,
  api.version AS apiversion,
  CASE element_at(unmapped, 'managementEvent') WHEN 'true' THEN true WHEN 'false' THEN false END AS managementevent,
  accountid AS recipientaccountid,
  metadata.correlation_uid AS sharedeventid,
  element_at(unmapped, 'annotation') AS annotation,
  src_endpoint.uid AS vpcendpointid,
  src_endpoint.owner.account.uid AS vpcendpointaccountid,
  ${put_together["serviceEventDetails"]} AS serviceeventdetails,
  ${put_together["addendum"]} AS addendum,
  ${put_together["edgeDeviceDetails"]} AS edgedevicedetails,
  ${put_together["insightDetails"]} AS insightdetails,
  CASE category
    WHEN 'management' THEN 'Management'
    WHEN 'data' THEN 'Data'
    WHEN 'insight' THEN 'Insight'
    WHEN 'network' THEN 'NetworkActivity'
    WHEN 'aggregated' THEN 'Aggregated'
    ELSE category
  END AS eventcategory,
  CAST(ROW(
    element_at(unmapped, 'tlsDetails.tlsVersion'),
    element_at(unmapped, 'tlsDetails.cipherSuite'),
    element_at(unmapped, 'tlsDetails.clientProvidedHostHeader')
  ) AS ${type["tlsdetails"]}) AS tlsdetails,
  element_at(unmapped, 'sessionCredentialFromConsole') AS sessioncredentialfromconsole,
  record_hash AS recordhash,
  eventday
FROM (
  SELECT *, row_number() OVER (PARTITION BY eventday, category, accountid, region, event_time, event_uid, record_hash) AS copy_number
  FROM events
)
WHERE copy_number = 1
