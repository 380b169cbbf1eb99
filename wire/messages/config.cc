// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/alter_client_quotas.h"
#include "millrace/wire/messages/alter_configs.h"
#include "millrace/wire/messages/describe_client_quotas.h"
#include "millrace/wire/messages/describe_configs.h"
#include "millrace/wire/messages/get_telemetry_subscriptions.h"
#include "millrace/wire/messages/incremental_alter_configs.h"
#include "millrace/wire/messages/list_config_resources.h"
#include "millrace/wire/messages/push_telemetry.h"
#include "millrace/wire/messages/update_features.h"

namespace millrace::wire {

template Api describe_api<DescribeConfigsRequest, DescribeConfigsResponse>(std::string_view);
template Api describe_api<AlterConfigsRequest, AlterConfigsResponse>(std::string_view);
template Api describe_api<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
    std::string_view);
template Api describe_api<ListConfigResourcesRequest, ListConfigResourcesResponse>(
    std::string_view);
template Api describe_api<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(
    std::string_view);
template Api describe_api<AlterClientQuotasRequest, AlterClientQuotasResponse>(std::string_view);
template Api describe_api<UpdateFeaturesRequest, UpdateFeaturesResponse>(std::string_view);
template Api describe_api<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(
    std::string_view);
template Api describe_api<PushTelemetryRequest, PushTelemetryResponse>(std::string_view);

}  // namespace millrace::wire
