// The fuzz targets every day: the corpus as it is, then mutations of it and of the golden vectors
// from fixed seeds. MILLRACE_FUZZ_ROUNDS makes the loop longer; MILLRACE_FUZZ_SEED moves it;
// MILLRACE_FUZZ_LAST names a file for the input at hand, to find the one that crashed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/tests/fuzz/fuzz.h"
#include "millrace/tests/wire/golden_file.h"
#include "millrace/wire/api.h"
#include "millrace/wire/batch/compression.h"
#include "millrace/wire/catalog.h"

namespace millrace::fuzz {
namespace {

using Input = std::vector<std::byte>;
using Inputs = std::vector<Input>;

Input input_of(BytesView bytes) {
    return {bytes.begin(), bytes.end()};
}
Input unhex(const std::string& hex) {
    Input bytes;
    if (hex != "-") MR_CHECK(from_hex(hex, bytes));
    return bytes;
}

// Every n-th of them, so that the seeds cover many kinds in little time.
void thin(Inputs& inputs, std::size_t keep) {
    if (inputs.size() <= keep) return;
    Inputs kept;
    for (std::size_t i = 0; i < keep; ++i)
        kept.push_back(std::move(inputs[i * inputs.size() / keep]));
    inputs = std::move(kept);
}

Inputs batch_seeds() {
    Inputs seeds;
    for (const char* file : {"batches.tsv", "batches-broken.tsv"})
        for (const auto& row : golden::read_rows(golden::golden("batches") / file))
            seeds.push_back(unhex(row.back()));
    std::erase_if(seeds, [](const Input& seed) { return seed.size() > 2048; });
    thin(seeds, 400);
    return seeds;
}

Inputs compression_seeds() {
    Inputs seeds;
    const std::string plain =
        "a batch of records, of records, of records, of records; " + std::string(300, 'x');
    for (unsigned codec = 0; codec < 5; ++codec) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, plain.size()}) {
            ByteSink sink;
            sink.push(std::byte(codec));
            wire::compress(static_cast<wire::Codec>(codec), {}, as_bytes(plain).first(size), sink);
            seeds.push_back(input_of(sink.view()));
        }
    }
    return seeds;
}

Inputs frame_seeds(const std::string& kind) {
    Inputs seeds;
    for (const auto& row : golden::read_rows(golden::golden("rpc-more") / "rpc-frames.tsv.gz")) {
        if (row[0] != kind) continue;
        Input seed;
        if (kind == "response") {
            seed.resize(4);
            store_be(seed.data(), static_cast<std::int16_t>(std::stoi(row[1])));
            store_be(seed.data() + 2, static_cast<std::int16_t>(std::stoi(row[2])));
        }
        const Input frame = unhex(row.back());
        seed.insert(seed.end(), frame.begin() + 4, frame.end());  // behind the size
        seeds.push_back(std::move(seed));
    }
    // Richer bodies than the frames have: every message of the golden files behind a header.
    const bool request = kind == "request";
    for (const auto& file : golden::golden_files("rpc")) {
        Inputs of_file;
        for (const auto& row : golden::read_rows(file)) {
            const wire::Schema* schema = wire::find_message(row[0]);
            const wire::Api* api = schema ? wire::find_api(schema->type) : nullptr;
            if (!api || row[0] != (request ? api->request() : api->response()).name) continue;
            const auto version = static_cast<std::int16_t>(std::stoi(row[1]));
            ByteSink sink;
            append_be(sink, static_cast<std::int16_t>(api->key));
            append_be(sink, version);
            append_be<std::int32_t>(sink, 7);
            if (request) append_be<std::int16_t>(sink, -1);
            const int header = request ? wire::request_header_version(*api, version) - 1
                                       : wire::response_header_version(*api, version);
            if (header == 1) sink.push(std::byte{0});
            sink.append(BytesView(unhex(row[4])));
            of_file.push_back(input_of(sink.view()));
        }
        std::erase_if(of_file, [](const Input& seed) { return seed.size() > 2048; });
        thin(of_file, 6);
        std::move(of_file.begin(), of_file.end(), std::back_inserter(seeds));
    }
    return seeds;
}

Inputs record_seeds() {
    std::map<std::string, std::uint16_t> index;
    std::uint16_t next = 0;
    for (const wire::Schema* schema : wire::all_messages()) index.emplace(schema->name, next++);
    Inputs seeds;
    for (const auto& file : golden::golden_files("records")) {
        for (const auto& row : golden::read_rows(file)) {
            const auto found = index.find(row[0]);
            if (found == index.end() || row.size() < 5) continue;
            std::vector<std::byte> bytes;
            if (!from_hex(row[4], bytes)) continue;
            Input seed(4);
            const wire::Schema& schema = *wire::all_messages()[found->second];
            store_be(seed.data(), found->second);
            store_be(seed.data() + 2,
                     static_cast<std::uint16_t>(std::stoi(row[1]) - schema.valid.low));
            seed.insert(seed.end(), bytes.begin(), bytes.end());
            seeds.push_back(std::move(seed));
        }
    }
    thin(seeds, 400);
    return seeds;
}

Inputs golden_seeds(std::string_view target) {
    if (target == "record_batch") return batch_seeds();
    if (target == "compression") return compression_seeds();
    if (target == "request_frame") return frame_seeds("request");
    if (target == "response_frame") return frame_seeds("response");
    if (target == "record") return record_seeds();
    return {};
}

Inputs corpus(std::string_view target) {
    const auto folder = std::filesystem::path(MILLRACE_TESTS_DIR) / "fuzz" / "corpus" / target;
    std::vector<std::filesystem::path> files;
    if (std::filesystem::exists(folder))
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    Inputs inputs;
    for (const auto& path : files) {
        std::ifstream in(path, std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(in)), {});
        inputs.push_back(input_of(as_bytes(text)));
    }
    return inputs;
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class Fuzz : public testing::TestWithParam<Target> {};

TEST_P(Fuzz, CorpusAndMutations) {
    const Target& target = GetParam();
    Inputs inputs = corpus(target.name);
    EXPECT_FALSE(inputs.empty()) << "no corpus for " << target.name;
    for (Input& seed : golden_seeds(target.name)) inputs.push_back(std::move(seed));
    const char* last = std::getenv("MILLRACE_FUZZ_LAST");
    const auto run = [&](const Input& input) {
        if (last) std::ofstream(last, std::ios::binary) << as_text(BytesView(input));
        EXPECT_EQ(target.fuzz_one(BytesView(input)), 0);
    };
    for (const Input& input : inputs) run(input);

    if (const char* folder =
            std::getenv("MILLRACE_FUZZ_SEEDS_TO")) {  // the golden seeds as files, for libFuzzer
        const auto into = std::filesystem::path(folder) / target.name;
        std::filesystem::create_directories(into);
        for (std::size_t i = 0; i < inputs.size(); ++i)
            std::ofstream(into / std::to_string(i), std::ios::binary)
                << as_text(BytesView(inputs[i]));
    }

    const std::uint64_t rounds = number_from("MILLRACE_FUZZ_ROUNDS", target.rounds);
    Random random(number_from("MILLRACE_FUZZ_SEED", 1));
    for (std::uint64_t i = 0; i < rounds; ++i) {
        const Input& from = inputs[random.below(inputs.size())];
        const Input& other = inputs[random.below(inputs.size())];
        run(mutate(from, other, target.bytes_max, random));
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace millrace::fuzz
