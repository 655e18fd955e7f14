-- CloudTrail's own columns, named and mostly typed as CloudTrail Lake has them, out of the OCSF columns and what has no column there.
-- Not there: eventjson and eventjsonchecksum (the bytes are in raw/), and arnprefix in resources. insightdetails and what else unmapped_json makes is
-- rebuilt from unmapped: the values of an array are joined with commas, numbers and truth values are text.
-- JSON members (requestparameters and the like) are text here; requestparameters['bucketName'] reads one.
SELECT
  metadata.product.version AS eventversion,
  named_struct(
    'type', coalesce(actor."user".type, unmapped['userIdentity.type']),
    'principalid', coalesce(unmapped['userIdentity.principalId'], actor."user".uid_alt),
    'arn', principal_arn,
    'accountid', coalesce(actor."user".account.uid, unmapped['userIdentity.accountId']),
    'accesskeyid', access_key_id,
    'username', coalesce(
      unmapped['userIdentity.userName'],
      CASE WHEN actor.session.issuer IS NULL
        AND NOT (actor."user".type = 'Root' AND actor."user".name = 'root')
        AND actor."user".name IS DISTINCT FROM unmapped['additionalEventData.UserName']
      THEN actor."user".name END),
    'sessioncontext', named_struct(
      'attributes', named_struct(
        'creationdate', actor.session.created_time_dt,
        'mfaauthenticated', CASE WHEN actor.session.is_mfa THEN 'true' WHEN NOT actor.session.is_mfa THEN 'false' END),
      'sessionissuer', named_struct(
        'type', unmapped['userIdentity.sessionContext.sessionIssuer.type'],
        'principalid', unmapped['userIdentity.sessionContext.sessionIssuer.principalId'],
        'arn', actor.session.issuer,
        'accountid', unmapped['userIdentity.sessionContext.sessionIssuer.accountId'],
        'username', unmapped['userIdentity.sessionContext.sessionIssuer.userName']),
      'webidfederationdata', named_struct(
        'federatedprovider', unmapped['userIdentity.sessionContext.webIdFederationData.federatedProvider'],
        'attributes', unmapped_json(unmapped, 'userIdentity.sessionContext.webIdFederationData.attributes')),
      'sourceidentity', unmapped['userIdentity.sessionContext.sourceIdentity'],
      'ec2roledelivery', unmapped['userIdentity.sessionContext.ec2RoleDelivery'],
      'ec2issuedinvpc', unmapped['userIdentity.sessionContext.ec2IssuedInVpc']),
    'invokedby', actor.invoked_by,
    'identityprovider', coalesce(
      unmapped['userIdentity.identityProvider'],
      CASE WHEN unmapped['userIdentity.sessionContext.webIdFederationData.federatedProvider'] IS NULL THEN actor.idp.name END),
    'credentialid', unmapped['userIdentity.credentialId'],
    'onbehalfof', named_struct(
      'userid', unmapped['userIdentity.onBehalfOf.userId'],
      'identitystorearn', coalesce(unmapped['userIdentity.onBehalfOf.identityStoreArn'], actor.idp.uid)),
    'inscopeof', named_struct(
      'sourcearn', unmapped['userIdentity.inScopeOf.sourceArn'],
      'sourceaccount', unmapped['userIdentity.inScopeOf.sourceAccount'],
      'issuertype', unmapped['userIdentity.inScopeOf.issuerType'],
      'credentialsissuedto', unmapped['userIdentity.inScopeOf.credentialsIssuedTo'])
  ) AS useridentity,
  event_time AS eventtime,
  api.service.name AS eventsource,
  api.operation AS eventname,
  region AS awsregion,
  source_address(source_ip, src_endpoint.domain) AS sourceipaddress,
  http_request.user_agent AS useragent,
  api.response.error AS errorcode,
  api.response.message AS errormessage,
  coalesce(api.request.data, unmapped['requestParameters']) AS requestparameters,
  coalesce(api.response.data, unmapped['responseElements']) AS responseelements,
  unmapped_json(unmapped, 'additionalEventData',
    'MFAUsed', CASE WHEN is_mfa THEN 'Yes' WHEN NOT is_mfa THEN 'No' END,
    'LoginTo', dst_endpoint.svc_name) AS additionaleventdata,
  api.request.uid AS requestid,
  event_uid AS eventid,
  CASE unmapped['readOnly'] WHEN 'true' THEN true WHEN 'false' THEN false END AS readonly,
  cloudtrail_resources(resources) AS resources,
  metadata.event_code AS eventtype,
  api.version AS apiversion,
  CASE unmapped['managementEvent'] WHEN 'true' THEN true WHEN 'false' THEN false END AS managementevent,
  accountid AS recipientaccountid,
  metadata.correlation_uid AS sharedeventid,
  unmapped['annotation'] AS annotation,
  src_endpoint.uid AS vpcendpointid,
  src_endpoint.owner.account.uid AS vpcendpointaccountid,
  unmapped_json(unmapped, 'serviceEventDetails') AS serviceeventdetails,
  unmapped_json(unmapped, 'addendum') AS addendum,
  unmapped_json(unmapped, 'edgeDeviceDetails') AS edgedevicedetails,
  unmapped_json(unmapped, 'insightDetails') AS insightdetails,
  event_category(category) AS eventcategory,
  named_struct(
    'tlsversion', unmapped['tlsDetails.tlsVersion'],
    'ciphersuite', unmapped['tlsDetails.cipherSuite'],
    'clientprovidedhostheader', unmapped['tlsDetails.clientProvidedHostHeader']) AS tlsdetails,
  unmapped['sessionCredentialFromConsole'] AS sessioncredentialfromconsole,
  record_hash AS recordhash,
  eventday
FROM events
