#include "millrace/state/runs/model_runs.h"

#include <algorithm>
#include <charconv>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/hash.h"

namespace millrace::state {
namespace {

constexpr std::byte kVersion{1};
constexpr std::uint8_t kValue = 1, kDeletion = 2, kRange = 3;
constexpr std::size_t kFilesMax = 8;  // more are made one

void append_sized(ByteSink& sink, BytesView bytes) {
    append_be(sink, static_cast<std::uint32_t>(bytes.size()));
    sink.append(bytes);
}
void append_operation(ByteSink& sink, std::uint8_t kind, std::string_view family, BytesView key,
                      BytesView value) {
    sink.push(std::byte{kind});
    append_sized(sink, as_bytes(family));
    append_sized(sink, key);
    if (kind != kDeletion) append_sized(sink, value);
}

class SinkWriter final : public RunWriter {
public:
    SinkWriter(ByteSink& sink, std::string_view family) : sink_(sink), family_(family) {}
    Result<void> put(BytesView key, BytesView value) override {
        MR_TRY_VOID(ascending(key));
        append_operation(sink_, kValue, family_, key, value);
        return {};
    }
    Result<void> remove(BytesView key) override {
        MR_TRY_VOID(ascending(key));
        append_operation(sink_, kDeletion, family_, key, {});
        return {};
    }

private:
    Result<void> ascending(BytesView key) {
        const std::string text(as_text(key));
        if (any_ && text <= last_)
            return fail(ErrorCode::InvalidRequest, "keys of a run must ascend");
        last_ = text;
        any_ = true;
        return {};
    }
    ByteSink& sink_;
    std::string_view family_;
    std::string last_;
    bool any_ = false;
};

class MapCursor final : public RunsCursor {
public:
    explicit MapCursor(ModelRuns::Family family) : map_(std::move(family)), at_(map_.end()) {}
    void seek(BytesView at_least) override {
        at_ = map_.lower_bound(std::string(as_text(at_least)));
    }
    void seek_before(BytesView end) override {
        at_ = map_.lower_bound(std::string(as_text(end)));
        at_ = at_ == map_.begin() ? map_.end() : std::prev(at_);
    }
    bool valid() const override { return at_ != map_.end(); }
    void next() override { ++at_; }
    void previous() override { at_ = at_ == map_.begin() ? map_.end() : std::prev(at_); }
    BytesView key() const override { return as_bytes(at_->first); }
    BytesView value() const override { return as_bytes(at_->second); }
    Result<void> status() const override { return {}; }

private:
    ModelRuns::Family map_;  // a snapshot
    ModelRuns::Family::const_iterator at_;
};

Failure corrupt(const std::string& file) {
    return fail(ErrorCode::CorruptMessage, "sorted run " + file + " is damaged");
}

}  // namespace

Result<std::unique_ptr<ModelRuns>> ModelRuns::open(Disk& disk, const std::string& path) {
    MR_TRY_VOID(disk.make_directories(path));
    if (disk.exists(join(path, "condemned"))) {
        MR_TRY_VOID(disk.remove_all(path));
        MR_TRY_VOID(disk.make_directories(path));
    }
    std::unique_ptr<ModelRuns> runs(new ModelRuns(disk, path));
    const std::string manifest = join(path, "manifest");
    if (disk.exists(manifest)) {
        MR_TRY(const auto content, read_file(disk, manifest));
        if (content.size() < 6) return corrupt(manifest);
        const BytesView body = content.view().first(content.size() - 4);
        if (crc32c(body) != load_be<std::uint32_t>(body.data() + body.size()))
            return corrupt(manifest);
        std::string_view lines = as_text(body);
        for (bool first = true; !lines.empty(); first = false) {
            const std::size_t end = std::min(lines.find('\n'), lines.size());
            if (!first) runs->files_.emplace_back(lines.substr(0, end));
            lines.remove_prefix(std::min(end + 1, lines.size()));
        }
        for (const std::string& file : runs->files_) {
            MR_TRY_VOID(runs->load(file));
            std::uint64_t number = 0;
            std::from_chars(file.data(), file.data() + file.size(), number);
            runs->next_ = std::max(runs->next_, number + 1);
        }
    }
    MR_TRY(const auto entries,
           disk.list(path));  // what an ingest left that did not come to its end
    for (const DiskEntry& entry : entries)
        if (entry.name.ends_with(".run") &&
            std::find(runs->files_.begin(), runs->files_.end(), entry.name) == runs->files_.end())
            MR_TRY_VOID(disk.remove(join(path, entry.name)));
    return runs;
}

std::string ModelRuns::next_file() {
    std::string number = std::to_string(next_++);
    return std::string(number.size() < 6 ? 6 - number.size() : 0, '0') + number + ".run";
}

Result<void> ModelRuns::load(const std::string& name) {
    const std::string path = join(path_, name);
    MR_TRY(const auto content, read_file(disk_, path));
    if (content.size() < 5) return corrupt(path);
    const BytesView body = content.view().first(content.size() - 4);
    if (body[0] != kVersion || crc32c(body) != load_be<std::uint32_t>(body.data() + body.size()))
        return corrupt(path);
    BytesView left = body.subspan(1);
    bool bad = false;
    const auto sized = [&]() -> std::string {
        if (left.size() < 4) return bad = true, std::string();
        const auto n = load_be<std::uint32_t>(left.data());
        if (n > left.size() - 4) return bad = true, std::string();
        std::string text(as_text(left.subspan(4, n)));
        left = left.subspan(4 + n);
        return text;
    };
    while (!left.empty() && !bad) {
        const auto kind = std::to_integer<std::uint8_t>(left[0]);
        left = left.subspan(1);
        Family& family = families_[sized()];
        const std::string key = sized();
        if (kind == kDeletion) {
            family.erase(key);
            continue;
        }
        const std::string value = sized();
        if (bad) break;
        if (kind == kValue)
            family[key] = value;
        else
            family.erase(family.lower_bound(key), family.lower_bound(std::max(key, value)));
    }
    return bad ? Result<void>(corrupt(path)) : Result<void>();
}

Result<void> ModelRuns::write_run(const std::string& name, BytesView content) {
    MR_TRY(auto file, disk_.open(join(path_, name), OpenMode::Create));
    MR_TRY_VOID(file->truncate(0));
    MR_TRY_VOID(file->write(0, content));
    MR_TRY_VOID(file->sync());
    return disk_.sync_directory(path_);
}

Result<void> ModelRuns::write_manifest(const std::vector<std::string>& files) {
    ByteSink sink;
    sink.append(std::string_view("1\n"));
    for (const std::string& file : files) {
        sink.append(file);
        sink.push(std::byte{'\n'});
    }
    append_be(sink, crc32c(sink.view()));
    return replace_file(disk_, join(path_, "manifest"), sink.view());
}

Result<void> ModelRuns::ingest(std::vector<FamilyBatch> batches, const std::function<bool()>& go) {
    ByteSink sink;
    sink.push(kVersion);
    for (const FamilyBatch& batch : batches) {
        for (const KeyRange& range : batch.removed)
            append_operation(sink, kRange, batch.family, as_bytes(range.begin),
                             as_bytes(range.end));
        SinkWriter writer(sink, batch.family);
        if (batch.fill) MR_TRY_VOID(batch.fill(writer));
    }
    append_be(sink, crc32c(sink.view()));
    const std::string name = next_file();
    MR_TRY_VOID(write_run(name, sink.view()));
    if (!go()) return fail(ErrorCode::RequestTimedOut, "the ingest was given up");
    std::vector<std::string> files = files_;
    files.push_back(name);
    MR_TRY_VOID(write_manifest(files));
    files_ = std::move(files);
    MR_TRY_VOID(load(name));
    return files_.size() > kFilesMax ? compact() : Result<void>();
}

Result<void> ModelRuns::compact() {
    ByteSink sink;
    sink.push(kVersion);
    for (const auto& [family, content] : families_)
        for (const auto& [key, value] : content)
            append_operation(sink, kValue, family, as_bytes(key), as_bytes(value));
    append_be(sink, crc32c(sink.view()));
    const std::string name = next_file();
    // What was ingested is durable already: a failure here is none of the ingest's.
    if (!write_run(name, sink.view()) || !write_manifest({name})) return {};
    for (const std::string& old : files_) (void)disk_.remove(join(path_, old));
    files_ = {name};
    return {};
}

Result<void> ModelRuns::multi_get(const std::string& family, std::span<const BytesView> keys,
                                  std::vector<std::optional<Bytes>>& into) {
    into.clear();
    const auto at = families_.find(family);
    for (const BytesView key : keys) {
        auto& answer = into.emplace_back();
        if (at == families_.end()) continue;
        if (const auto found = at->second.find(std::string(as_text(key)));
            found != at->second.end())
            answer = Bytes::copy(as_bytes(found->second));
    }
    return {};
}

Result<std::unique_ptr<RunsCursor>> ModelRuns::cursor(const std::string& family) {
    const auto at = families_.find(family);
    return std::make_unique<MapCursor>(at == families_.end() ? Family{} : at->second);
}

void ModelRuns::condemn(const std::string& why) {
    (void)replace_file(disk_, join(path_, "condemned"), as_bytes(why));
}

}  // namespace millrace::state
