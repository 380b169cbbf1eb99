// The requests about security, as a broker answers them that has none: no authorizer (ACLs, keys 29
// to 31 versions 1-3: 54), no SASL (keys 17, 36: 34), no delegation tokens on plaintext connections
// (keys 38 to 41: 64), no SCRAM users (DescribeUserScramCredentials, key 50: 91 for each that is
// asked for). What the metadata holds of them is kept, see image.h.
#include <map>

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
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

namespace millrace::broker {
namespace {

void describe_acls(Broker::State& broker, const Request& request) {
    wire::DescribeAclsResponse response;
    response.error_code = ErrorCode::SecurityDisabled;
    response.error_message = "No Authorizer is configured on the broker";
    broker.answer(request, std::move(response));
}

void create_acls(Broker::State& broker, const Request& request) {
    wire::CreateAclsResponse response;
    for (std::size_t i = request.body.as<wire::CreateAclsRequest>().creations.size(); i > 0; --i)
        response.results.push_back({ErrorCode::SecurityDisabled, "No Authorizer is configured."});
    broker.answer(request, std::move(response));
}

void delete_acls(Broker::State& broker, const Request& request) {
    wire::DeleteAclsResponse response;
    for (std::size_t i = request.body.as<wire::DeleteAclsRequest>().filters.size(); i > 0; --i)
        response.filter_results.push_back(
            {ErrorCode::SecurityDisabled, "No Authorizer is configured.", {}});
    broker.answer(request, std::move(response));
}

void describe_users(Broker::State& broker, const Request& request) {
    const auto& asked = request.body.as<wire::DescribeUserScramCredentialsRequest>();
    wire::DescribeUserScramCredentialsResponse response;
    response.error_message = "";
    std::map<std::string, std::vector<const wire::UserScramCredentialRecord*>> known;
    for (const wire::UserScramCredentialRecord* one :
         broker.controller->image().scram_credentials())
        known[one->name].push_back(one);
    std::map<std::string, int> users;
    if (asked.users) {
        for (const auto& user : *asked.users) ++users[user.name];
    }
    if (!asked.users || asked.users->empty())
        for (const auto& [name, credentials] : known) users[name] = 1;
    for (const auto& [name, times] : users) {
        auto& result = response.results.emplace_back();
        result.user = name;
        result.error_message.reset();
        if (times > 1) {
            result.error_code = ErrorCode::DuplicateResource;
            result.error_message =
                "Cannot describe SCRAM credentials for the same user twice in a single request: " +
                name;
        } else if (!known.contains(name)) {
            result.error_code = ErrorCode::ResourceNotFound;
            result.error_message =
                "Attempt to describe a user credential that does not exist: " + name;
        } else {
            for (const auto* credential : known[name])
                result.credential_infos.push_back({credential->mechanism, credential->iterations});
        }
    }
    broker.answer(request, std::move(response));
}

void create_token(Broker::State& broker, const Request& request) {
    wire::CreateDelegationTokenResponse response;
    response.error_code = ErrorCode::DelegationTokenRequestNotAllowed;
    response.principal_type = response.token_requester_principal_type = "User";
    response.principal_name = response.token_requester_principal_name = "ANONYMOUS";
    response.issue_timestamp_ms = response.expiry_timestamp_ms = response.max_timestamp_ms = -1;
    broker.answer(request, std::move(response));
}

template <class Response>
void token_refused(Broker::State& broker, const Request& request) {
    Response response;
    response.error_code = ErrorCode::DelegationTokenRequestNotAllowed;
    if constexpr (requires { response.expiry_timestamp_ms; }) response.expiry_timestamp_ms = -1;
    broker.answer(request, std::move(response));
}

void sasl_handshake(Broker::State& broker, const Request& request) {
    wire::SaslHandshakeResponse response;
    response.error_code = ErrorCode::IllegalSaslState;
    broker.answer(request, std::move(response));
}

void sasl_authenticate(Broker::State& broker, const Request& request) {
    wire::SaslAuthenticateResponse response;
    response.error_code = ErrorCode::IllegalSaslState;
    response.error_message = "SaslAuthenticate request received after successful authentication";
    broker.answer(request, std::move(response));
}

using Handler = void (*)(Broker::State&, const Request&);

Handler handler_of(wire::ApiKey key) {
    using enum wire::ApiKey;
    switch (key) {
        case DescribeAcls:
            return describe_acls;
        case CreateAcls:
            return create_acls;
        case DeleteAcls:
            return delete_acls;
        case DescribeUserScramCredentials:
            return describe_users;
        case CreateDelegationToken:
            return create_token;
        case RenewDelegationToken:
            return token_refused<wire::RenewDelegationTokenResponse>;
        case ExpireDelegationToken:
            return token_refused<wire::ExpireDelegationTokenResponse>;
        case DescribeDelegationToken:
            return token_refused<wire::DescribeDelegationTokenResponse>;
        case SaslHandshake:
            return sasl_handshake;
        case SaslAuthenticate:
            return sasl_authenticate;
        default:
            return nullptr;
    }
}

}  // namespace

bool serves_security(wire::ApiKey key) {
    return handler_of(key) != nullptr;
}

bool handle_security(Broker::State& broker, const Request& request) {
    const Handler handler = handler_of(request.body.key());
    if (handler) handler(broker, request);
    return handler != nullptr;
}

}  // namespace millrace::broker
