// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/alter_user_scram_credentials.h"
#include "millrace/wire/messages/create_acls.h"
#include "millrace/wire/messages/create_delegation_token.h"
#include "millrace/wire/messages/delete_acls.h"
#include "millrace/wire/messages/describe_acls.h"
#include "millrace/wire/messages/describe_delegation_token.h"
#include "millrace/wire/messages/describe_user_scram_credentials.h"
#include "millrace/wire/messages/expire_delegation_token.h"
#include "millrace/wire/messages/renew_delegation_token.h"
#include "millrace/wire/messages/sasl_authenticate.h"
#include "millrace/wire/messages/sasl_handshake.h"

namespace millrace::wire {

template Api describe_api<SaslHandshakeRequest, SaslHandshakeResponse>(std::string_view);
template Api describe_api<SaslAuthenticateRequest, SaslAuthenticateResponse>(std::string_view);
template Api describe_api<DescribeAclsRequest, DescribeAclsResponse>(std::string_view);
template Api describe_api<CreateAclsRequest, CreateAclsResponse>(std::string_view);
template Api describe_api<DeleteAclsRequest, DeleteAclsResponse>(std::string_view);
template Api describe_api<CreateDelegationTokenRequest, CreateDelegationTokenResponse>(
    std::string_view);
template Api describe_api<RenewDelegationTokenRequest, RenewDelegationTokenResponse>(
    std::string_view);
template Api describe_api<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse>(
    std::string_view);
template Api describe_api<DescribeDelegationTokenRequest, DescribeDelegationTokenResponse>(
    std::string_view);
template Api describe_api<DescribeUserScramCredentialsRequest,
                          DescribeUserScramCredentialsResponse>(std::string_view);
template Api describe_api<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse>(
    std::string_view);

}  // namespace millrace::wire
