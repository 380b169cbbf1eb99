#include "millrace/testkit/sim/group_process.h"

#include <algorithm>
#include <utility>

#include "millrace/base/bytes.h"
#include "millrace/wire/messages/heartbeat.h"
#include "millrace/wire/messages/join_group.h"
#include "millrace/wire/messages/leave_group.h"
#include "millrace/wire/messages/offset_commit.h"
#include "millrace/wire/messages/offset_fetch.h"
#include "millrace/wire/messages/sync_group.h"

namespace millrace::sim {

using namespace std::chrono_literals;

namespace {
constexpr Duration kRebalance = 2s, kHeartbeat = 300ms;
constexpr std::int32_t kSessionMs =
    5'000;  // longer: a static member keeps its place when it misses a generation
}  // namespace

GroupMember::GroupMember(Scheduler& scheduler, Network& network, std::string name,
                         client::Address bootstrap, LogSink& sink, History& history,
                         std::shared_ptr<Ledger> ledger, Options options)
    : ClientProcess(scheduler, network, std::move(name), std::move(bootstrap), sink),
      history_(history),
      ledger_(std::move(ledger)),
      options_(std::move(options)),
      coordinator_{client::CoordinatorType::Group, options_.group} {
    join();
}

client::Call GroupMember::call(wire::ApiKey api, std::int16_t version, wire::AnyRequest request,
                               std::function<void(client::Answer)> done) {
    client::Call call;
    call.target = coordinator_;
    call.lane = client::Lane::Group;
    call.api = api;
    call.version_min = call.version_max = version;
    call.build = [request = std::move(request)](std::int16_t) { return request; };
    call.done = std::move(done);
    return call;
}

void GroupMember::join() {
    scope_ = std::make_unique<client::Scope>();
    owned_.clear();
    working_ = false;
    wire::JoinGroupRequest request;
    request.group_id = options_.group;
    request.session_timeout_ms = kSessionMs;
    request.rebalance_timeout_ms = static_cast<std::int32_t>(kRebalance / 1ms);
    request.member_id = id_;
    request.group_instance_id = options_.instance;
    request.protocol_type = "simulated";
    request.protocols = {{"share", Bytes::copy("all")}};
    auto asked = call(wire::ApiKey::JoinGroup, 9, wire::AnyRequest::of(std::move(request), 9),
                      [this](client::Answer answer) {
                          if (!answer.ok()) return again(answer.error);
                          joined(answer.response);
                      });
    asked.timeout = kRebalance + 5s;
    cluster().call(*scope_, std::move(asked));
    wake();
}

void GroupMember::again(ErrorCode why) {
    working_ = false;
    if (leaving_) return;
    switch (why) {
        case ErrorCode::RebalanceInProgress:
        case ErrorCode::MemberIdRequired:
            return join();
        case ErrorCode::NotCoordinator:
        case ErrorCode::CoordinatorNotAvailable:
        case ErrorCode::CoordinatorLoadInProgress:
        case ErrorCode::NetworkException:
        case ErrorCode::RequestTimedOut:
            // A commit that still stands somewhere in the network must not come after the next one:
            // who has sent it comes back as somebody else.
            if (std::exchange(commit_open_, false)) id_.clear();
            break;
        default:  // unknown, fenced, of a generation that is over
            id_.clear();
            ++ledger_->rejected;
    }
    cluster().forget_coordinator(coordinator_);
    scope_ = std::make_unique<client::Scope>();
    cluster().after(*scope_, cluster().backoff(1), [this] { join(); });
    wake();
}

void GroupMember::joined(const wire::AnyResponse& response) {
    const auto& told = response.as<wire::JoinGroupResponse>();
    if (told.error_code == ErrorCode::MemberIdRequired) id_ = told.member_id;
    if (told.error_code != ErrorCode::None) return again(told.error_code);
    id_ = told.member_id;
    generation_ = told.generation_id;
    commit_open_ = false;  // requests of one link are handled in order: it was, before this one
    std::map<std::string, std::string> assignments;
    if (told.leader == id_ && !told.skip_assignment) {
        std::vector<std::string> members;
        for (const auto& member : told.members) members.push_back(member.member_id);
        std::ranges::sort(members);
        for (std::size_t i = 0; i < options_.partitions.size() && !members.empty(); ++i)
            assignments[members[i % members.size()]] += std::to_string(i) + ' ';
    }
    sync(assignments);
}

void GroupMember::sync(const std::map<std::string, std::string>& assignments) {
    wire::SyncGroupRequest request;
    request.group_id = options_.group;
    request.generation_id = generation_;
    request.member_id = id_;
    request.group_instance_id = options_.instance;
    request.protocol_type = "simulated";
    request.protocol_name = "share";
    for (const auto& [member, share] : assignments)
        request.assignments.push_back({member, Bytes::copy(share)});
    auto asked = call(wire::ApiKey::SyncGroup, 5, wire::AnyRequest::of(std::move(request), 5),
                      [this, generation = generation_](client::Answer answer) {
                          if (!answer.ok()) return again(answer.error);
                          synced(answer.response, generation);
                      });
    asked.timeout = kRebalance + 5s;
    cluster().call(*scope_, std::move(asked));
    heartbeat();
}

void GroupMember::synced(const wire::AnyResponse& response, std::int32_t generation) {
    const auto& told = response.as<wire::SyncGroupResponse>();
    if (told.error_code != ErrorCode::None) return again(told.error_code);
    const std::string share(as_text(told.assignment.view()));
    for (std::size_t at = 0; at < share.size();) {
        const std::size_t end = share.find(' ', at);
        const TopicPartition& tp = options_.partitions.at(std::stoul(share.substr(at, end - at)));
        owned_.insert(tp);
        at = end + 1;
        // A static member that came back has another id, and takes the place of the one before.
        const std::string who = options_.instance.value_or(id_);
        const auto [owner, first] = ledger_->owners.emplace(std::pair(generation, tp), who);
        if (!first && owner->second != who)
            history_.violation("I31: " + tp.to_string() + " has two owners in generation " +
                               std::to_string(generation) + ": " + owner->second + " and " + who);
    }
    if (generation > ledger_->generation) {
        ledger_->generation = generation;
        ++ledger_->generations;
    }
    if (owned_.empty()) {
        working_ = true;
        return;
    }
    fetch_offsets();
}

void GroupMember::fetch_offsets() {
    wire::OffsetFetchRequest request;
    request.groups = {{.group_id = options_.group}};
    for (const TopicPartition& tp : owned_)
        request.groups[0].topics->push_back(
            {.name = tp.topic, .partition_indexes = {tp.partition}});
    std::map<TopicPartition, std::int64_t> at_least;
    for (const TopicPartition& tp : owned_)
        at_least[tp] = ledger_->acknowledged.contains(tp) ? ledger_->acknowledged[tp] : -1;
    cluster().call(
        *scope_, call(wire::ApiKey::OffsetFetch, 9, wire::AnyRequest::of(std::move(request), 9),
                      [this, at_least](client::Answer answer) {
                          if (!answer.ok()) return again(answer.error);
                          const auto& group =
                              answer.response.as<wire::OffsetFetchResponse>().groups.at(0);
                          if (group.error_code != ErrorCode::None) return again(group.error_code);
                          for (const auto& topic : group.topics)
                              for (const auto& partition : topic.partitions) {
                                  const TopicPartition tp{topic.name, partition.partition_index};
                                  positions_[tp] = partition.committed_offset;
                                  if (partition.committed_offset < at_least.at(tp))
                                      history_.violation(
                                          "I30: the group's offset of " + tp.to_string() + " is " +
                                          std::to_string(partition.committed_offset) + ", but " +
                                          std::to_string(at_least.at(tp)) + " was acknowledged");
                              }
                          working_ = true;
                          commit();
                      }));
    wake();
}

void GroupMember::heartbeat() {
    wire::HeartbeatRequest request;
    request.group_id = options_.group;
    request.generation_id = generation_;
    request.member_id = id_;
    request.group_instance_id = options_.instance;
    auto asked = call(wire::ApiKey::Heartbeat, 4, wire::AnyRequest::of(std::move(request), 4),
                      [this](client::Answer answer) {
                          if (!answer.ok()) return again(answer.error);
                          const ErrorCode code =
                              answer.response.as<wire::HeartbeatResponse>().error_code;
                          if (code != ErrorCode::None) return again(code);
                          cluster().after(*scope_, kHeartbeat, [this] { heartbeat(); });
                      });
    asked.lane = client::Lane::Control;  // a waiting SyncGroup must not hold it up
    cluster().call(*scope_, std::move(asked));
    wake();
}

void GroupMember::commit() {
    wire::OffsetCommitRequest request;
    request.group_id = options_.group;
    request.generation_id_or_member_epoch = generation_;
    request.member_id = id_;
    request.group_instance_id = options_.instance;
    for (const TopicPartition& tp : owned_)
        request.topics.push_back({.name = tp.topic,
                                  .partitions = {{.partition_index = tp.partition,
                                                  .committed_offset = ++positions_[tp]}}});
    const bool zombie = generation_ < ledger_->generation;
    commit_open_ = true;
    cluster().call(
        *scope_,
        call(wire::ApiKey::OffsetCommit, 9, wire::AnyRequest::of(std::move(request), 9),
             [this, zombie, positions = positions_](client::Answer answer) {
                 if (!answer.ok()) return again(answer.error);
                 commit_open_ = false;
                 for (const auto& topic : answer.response.as<wire::OffsetCommitResponse>().topics)
                     for (const auto& partition : topic.partitions) {
                         if (partition.error_code != ErrorCode::None)
                             return again(partition.error_code);
                         const TopicPartition tp{topic.name, partition.partition_index};
                         std::int64_t& highest =
                             ledger_->acknowledged.try_emplace(tp, -1).first->second;
                         highest = std::max(highest, positions.at(tp));
                         if (zombie)
                             history_.violation("I32: a commit for " + tp.to_string() +
                                                " is accepted, of a generation that was over");
                     }
                 ++ledger_->commits;
                 cluster().after(*scope_, scheduler().between(20ms, 300ms), [this] { commit(); });
             }));
    wake();
}

void GroupMember::leave() {
    leaving_ = true;
    working_ = false;
    owned_.clear();
    scope_ = std::make_unique<client::Scope>();
    wire::LeaveGroupRequest request;
    request.group_id = options_.group;
    request.members = {{.member_id = id_}};
    cluster().call(*scope_,
                   call(wire::ApiKey::LeaveGroup, 5, wire::AnyRequest::of(std::move(request), 5),
                        [](client::Answer) {}));
    wake();
}

}  // namespace millrace::sim
