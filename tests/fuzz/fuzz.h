#pragma once
// Fuzz targets: each takes bytes from outside and returns 0; what must hold is an MR_CHECK, so that
// a broken promise is a crash. One target is one function, driven in two ways:
//   libfuzzer.cc    clang's coverage-guided fuzzer: `./dev fuzz TARGET` (with AddressSanitizer)
//   corpus_test.cc  the everyday test: the corpus that is checked in, and a short deterministic
//   loop of mutations
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/random.h"

namespace millrace::fuzz {

// Record batches: walker, validation, CRC, codecs, reader, builder.
int fuzz_record_batch(BytesView bytes);
// byte 0: the codec; the rest: what is to be unpacked.
int fuzz_compression(BytesView bytes);
// A request without its size, as a listener hands it over.
int fuzz_request_frame(BytesView bytes);
// int16 API key, int16 version (what the client asked), then the response without its size.
int fuzz_response_frame(BytesView bytes);
// int16 index into the catalog (modulo), int16 version (modulo), then a record or message of that
// kind.
int fuzz_record(BytesView bytes);
// What is written, how it stops, what is damaged: a data directory that is opened again.
int fuzz_log_recovery(BytesView bytes);

struct Target {
    std::string_view name;  // of the folder in corpus/, too
    int (*fuzz_one)(BytesView);
    std::size_t bytes_max;  // mutations stop growing here
    unsigned rounds;        // of the everyday test: about a second
};
std::span<const Target> targets();

// One to four changes of the kinds that break parsers: flipped bits, numbers at their borders in
// big-endian and as varints, bytes taken out, put in, doubled, cut off, and pieces of `other`.
std::vector<std::byte> mutate(BytesView bytes, BytesView other, std::size_t bytes_max,
                              Random& random);

}  // namespace millrace::fuzz
