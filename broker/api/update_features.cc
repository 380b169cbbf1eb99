// UpdateFeatures, key 57, versions 0-2 (KIP-584, KIP-778, KIP-1022; Java: FeatureControlManager),
// and UnregisterBroker, key 64, version 0 (KIP-631).
// - All updates or none: the first that is wrong is named, 95. Upgrade 1, safe downgrade 2, unsafe
//   downgrade 3. A level outside of what this build or a registered broker knows: 95.
// - metadata.version goes up only: what a lower one cannot say might be lost.
// - v1 has one result a feature, v2 only the whole.
// - UnregisterBroker: 102 when there is no such broker; its partitions are led by others, or
// nobody.
// - Missing: kraft.version 1 (dynamic quorums).
#include <algorithm>

#include "millrace/broker/api/controller_handlers.h"
#include "millrace/broker/controller/partition_leaders.h"
#include "millrace/broker/features.h"

namespace millrace::broker {
namespace {

using Update = wire::UpdateFeaturesRequest::FeatureUpdateKey;
enum UpgradeType : std::int8_t { Upgrade = 1, SafeDowngrade = 2, UnsafeDowngrade = 3 };
constexpr std::string_view kMetadataVersion = "metadata.version", kKraftVersion = "kraft.version";

Result<void> check(const ControllerState& state, const Update& update) {
    const std::int16_t wanted = update.max_version_level;
    const std::string level = std::to_string(wanted);
    const auto bad = [&](const std::string& why) {
        return fail(
            ErrorCode::InvalidUpdateVersion,
            "Invalid update version " + level + " for feature " + update.feature + ". " + why);
    };
    if (update.upgrade_type < Upgrade || update.upgrade_type > UnsafeDowngrade)
        return bad("The controller does not support the given upgrade type.");
    if (wanted < 0) return bad("A feature version cannot be less than 0.");
    const auto known = supported_features();
    const auto feature = std::find_if(known.begin(), known.end(),
                                      [&](const Feature& f) { return f.name == update.feature; });
    const std::string self = "Local controller " + std::to_string(state.self.value());
    if (feature == known.end()) return bad(self + " does not support this feature.");
    const std::string range = std::to_string(feature->min) + "-" + std::to_string(feature->max);
    if (wanted != 0 && (wanted < feature->min || wanted > feature->max))
        return bad(self + " only supports versions " + range);
    for (const auto& [id, broker] : state.image.brokers()) {
        const auto at = broker.features.find(update.feature);
        if (wanted == 0 || (at != broker.features.end() && wanted >= at->second.first &&
                            wanted <= at->second.second))
            continue;
        return bad("Broker " + std::to_string(id.value()) +
                   (at == broker.features.end()
                        ? " does not support this feature."
                        : " only supports versions " + std::to_string(at->second.first) + "-" +
                              std::to_string(at->second.second)));
    }
    const std::int16_t now = state.image.feature(update.feature);
    if (wanted < now && update.upgrade_type == Upgrade)
        return bad(
            "Can't downgrade the version of this feature without setting the upgrade type to "
            "either safe or unsafe downgrade.");
    if (wanted > now && update.upgrade_type != Upgrade)
        return bad("Can't downgrade to a newer version.");
    if (update.feature == kMetadataVersion && wanted < now)
        return fail(ErrorCode::InvalidUpdateVersion,
                    "Unsupported metadata.version downgrade from " + std::to_string(now) + " to " +
                        level + ". " +
                        (update.upgrade_type == SafeDowngrade
                             ? "Refusing to perform the requested downgrade because it might "
                               "delete metadata information."
                             : "Unsafe metadata downgrade is not supported in this version."));
    if (update.feature == kKraftVersion && wanted != now)
        return bad("This controller serves static quorums only.");
    return {};
}

}  // namespace

Decision update_features(ControllerState& state, const wire::UpdateFeaturesRequest& request,
                         std::int16_t version) {
    Decision decision;
    wire::UpdateFeaturesResponse response;
    response.error_message.reset();
    for (const Update& update : request.feature_updates) {
        if (const auto legal = check(state, update); !legal) {
            response.error_code = legal.error().code;
            response.error_message =
                "The update failed for all features since the following feature had an error: " +
                legal.error().detail;
            response.results.clear();
            decision.records.clear();
            break;
        }
        if (version <= 1) response.results.push_back({update.feature, ErrorCode::None, "NONE"});
        if (request.validate_only ||
            state.image.feature(update.feature) == update.max_version_level)
            continue;
        wire::FeatureLevelRecord record;
        record.name = update.feature;
        record.feature_level = update.max_version_level;
        decision.records.emplace_back(std::move(record));
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::UpdateFeaturesResponse update_features_error(const wire::UpdateFeaturesRequest&,
                                                   ErrorCode code) {
    wire::UpdateFeaturesResponse response;
    response.error_code = code;
    response.error_message = std::string(name(code));
    return response;
}

Decision unregister_broker(ControllerState& state, const wire::UnregisterBrokerRequest& request,
                           std::int16_t version) {
    Decision decision;
    wire::UnregisterBrokerResponse response;
    response.error_message.reset();
    const BrokerImage* broker = state.image.broker(NodeId{request.broker_id});
    if (broker) {
        move_leaders_away(state, broker->id, decision.records);
        wire::UnregisterBrokerRecord record;
        record.broker_id = broker->id.value();
        record.broker_epoch = broker->epoch;
        decision.records.emplace_back(std::move(record));
    } else {
        response.error_code = ErrorCode::BrokerIdNotRegistered;
        response.error_message =
            "Broker ID " + std::to_string(request.broker_id) + " is not currently registered";
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::UnregisterBrokerResponse unregister_broker_error(const wire::UnregisterBrokerRequest&,
                                                       ErrorCode code) {
    wire::UnregisterBrokerResponse response;
    response.error_code = code;
    response.error_message = std::string(name(code));
    return response;
}

}  // namespace millrace::broker
