#include "millrace/wire/batch/compression.h"

#include <algorithm>

#include <isa-l/igzip_lib.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <zstd.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"

namespace millrace::wire {

namespace {

// Output of unknown size, grown in doubling blocks up to the limit. The last growth is one byte
// past the limit, so that a stream that ends exactly at it is told from one that goes on.
class Growing {
public:
    Growing(std::size_t guess, std::size_t bytes_max)
        : bytes_max_(bytes_max), block_(std::clamp<std::size_t>(guess, 256, bytes_max + 1)) {}
    std::byte* at() { return block_.data() + size_; }
    std::size_t room() const { return block_.size() - size_; }
    void add(std::size_t n) { size_ += n; }
    std::size_t size() const { return size_; }
    bool too_large() const { return size_ > bytes_max_; }
    void grow() {  // when there is no room left
        MutableBlock grown(std::min(block_.size() * 2, bytes_max_ + 1));
        std::memcpy(grown.data(), block_.data(), size_);
        block_ = std::move(grown);
    }
    Bytes take() { return Bytes(std::move(block_)).slice(0, size_); }

private:
    std::size_t bytes_max_;
    MutableBlock block_;
    std::size_t size_ = 0;
};

Failure corrupt(const char* codec) {
    return fail(ErrorCode::CorruptMessage, std::string("not a whole ") + codec + " stream");
}
Failure too_large() {
    return fail(ErrorCode::MessageTooLarge, "the batch unpacks to more than is allowed");
}

unsigned char* unsigned_bytes(std::byte* at) {
    return reinterpret_cast<unsigned char*>(at);
}
unsigned char* unsigned_bytes(const std::byte* at) {  // ISA-L's input pointers are not const
    return reinterpret_cast<unsigned char*>(const_cast<std::byte*>(at));
}

// ---- gzip
// -------------------------------------------------------------------------------------------------------

void gzip(std::optional<int> level, BytesView bytes, ByteSink& into) {
    // ISA-L's levels 1 and 3 stand for zlib's fast and thorough halves.
    const bool thorough = level && *level > 6;
    const std::size_t work_size = thorough ? ISAL_DEF_LVL3_DEFAULT : ISAL_DEF_LVL1_DEFAULT;
    const auto stream = std::make_unique<isal_zstream>();
    const auto work = std::make_unique_for_overwrite<std::uint8_t[]>(work_size);
    isal_deflate_init(stream.get());
    stream->gzip_flag = IGZIP_GZIP;
    stream->level = thorough ? 3 : 1;
    stream->level_buf = work.get();
    stream->level_buf_size = static_cast<std::uint32_t>(work_size);
    stream->end_of_stream = 1;
    stream->flush = NO_FLUSH;
    stream->next_in = unsigned_bytes(bytes.data());
    stream->avail_in = static_cast<std::uint32_t>(bytes.size());
    while (stream->internal_state.state != ZSTATE_END) {
        const std::size_t room = std::max<std::size_t>(4096, bytes.size() / 2);
        const std::size_t before = into.size();
        stream->next_out = unsigned_bytes(into.grow(room));
        stream->avail_out = static_cast<std::uint32_t>(room);
        MR_CHECK(isal_deflate(stream.get()) == COMP_OK);
        into.shrink_to(before + room - stream->avail_out);
    }
}

Result<Bytes> gunzip(BytesView bytes, std::size_t bytes_max) {
    Growing out(bytes.size() * 4, bytes_max);
    const auto state = std::make_unique<inflate_state>();
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    do {  // several members may follow each other, as Java's GZIPInputStream allows
        isal_inflate_init(state.get());
        state->crc_flag = ISAL_GZIP;
        state->next_in = unsigned_bytes(at);
        state->avail_in = static_cast<std::uint32_t>(left);
        while (state->block_state != ISAL_BLOCK_FINISH) {
            if (out.room() == 0) out.grow();
            const std::size_t room = out.room();
            const std::uint32_t in_before = state->avail_in;
            state->next_out = unsigned_bytes(out.at());
            state->avail_out = static_cast<std::uint32_t>(room);
            const int result = isal_inflate(state.get());
            out.add(room - state->avail_out);
            if (out.too_large()) return too_large();
            if (result != ISAL_DECOMP_OK && result != ISAL_END_INPUT) return corrupt("gzip");
            const bool moved = state->avail_in != in_before || state->avail_out != room;
            if (!moved && state->block_state != ISAL_BLOCK_FINISH) return corrupt("gzip");
        }
        at = reinterpret_cast<const std::byte*>(state->next_in);
        left = state->avail_in;
    } while (left > 0);
    return out.take();
}

// ---- snappy: xerial's frames, as snappy-java writes them
// -----------------------------------------------------------
//   magic 8 | version int32 1 | compatible int32 1 | chunks {size int32, raw snappy block}

constexpr unsigned char kXerialMagic[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t kXerialHeaderBytes = 16, kXerialBlockBytes = 32 * 1024;

void snappy(BytesView bytes, ByteSink& into) {
    std::memcpy(into.grow(sizeof kXerialMagic), kXerialMagic, sizeof kXerialMagic);
    append_be<std::int32_t>(into, 1);
    append_be<std::int32_t>(into, 1);
    for (std::size_t from = 0; from < bytes.size(); from += kXerialBlockBytes) {
        const std::size_t n = std::min(kXerialBlockBytes, bytes.size() - from);
        const std::size_t start = into.size();
        std::size_t packed = snappy_max_compressed_length(n);
        std::byte* at = into.grow(4 + packed);
        MR_CHECK(snappy_compress(reinterpret_cast<const char*>(bytes.data() + from), n,
                                 reinterpret_cast<char*>(at + 4), &packed) == SNAPPY_OK);
        store_be(at, static_cast<std::int32_t>(packed));
        into.shrink_to(start + 4 + packed);
    }
}

Result<void> unsnappy_block(BytesView bytes, std::size_t bytes_max, ByteSink& into) {
    std::size_t size = 0;
    const char* in = reinterpret_cast<const char*>(bytes.data());
    if (snappy_uncompressed_length(in, bytes.size(), &size) != SNAPPY_OK) return corrupt("snappy");
    if (size > bytes_max - into.size()) return too_large();
    // A block cannot grow more than this: a length that lies allocates nothing.
    if (size / 64 > bytes.size()) return corrupt("snappy");
    std::size_t got = size;
    const std::size_t before = into.size();
    std::byte* at = into.grow(size);
    if (snappy_uncompress(in, bytes.size(), reinterpret_cast<char*>(at), &got) != SNAPPY_OK) {
        into.shrink_to(before);
        return corrupt("snappy");
    }
    return {};
}

Result<Bytes> unsnappy(BytesView bytes, std::size_t bytes_max) {
    ByteSink out;
    if (bytes.size() < kXerialHeaderBytes ||
        std::memcmp(bytes.data(), kXerialMagic, sizeof kXerialMagic) != 0) {
        MR_TRY_VOID(
            unsnappy_block(bytes, bytes_max, out));  // one raw block, as snappy-java accepts
        return out.to_bytes();
    }
    ByteReader reader(bytes.subspan(kXerialHeaderBytes));
    while (reader.left() > 0) {
        const auto size = reader.be<std::int32_t>();
        if (!reader.ok() || size < 0) return corrupt("snappy");
        const BytesView block = reader.bytes(static_cast<std::size_t>(size));
        if (!reader.ok()) return corrupt("snappy");
        MR_TRY_VOID(unsnappy_block(block, bytes_max, out));
    }
    return out.to_bytes();
}

// ---- lz4
// ---------------------------------------------------------------------------------------------------------

void lz4(std::optional<int> level, BytesView bytes, ByteSink& into) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    // Kafka's default level 9 is high compression; we write the fast form unless one is asked for.
    preferences.compressionLevel = level.value_or(0);
    const std::size_t bound = LZ4F_compressFrameBound(bytes.size(), &preferences);
    const std::size_t before = into.size();
    const std::size_t n =
        LZ4F_compressFrame(into.grow(bound), bound, bytes.data(), bytes.size(), &preferences);
    MR_CHECK(!LZ4F_isError(n));
    into.shrink_to(before + n);
}

struct FreeLz4 {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

Result<Bytes> unlz4(BytesView bytes, std::size_t bytes_max) {
    LZ4F_dctx* raw = nullptr;
    MR_CHECK(!LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)));
    const std::unique_ptr<LZ4F_dctx, FreeLz4> context(raw);
    Growing out(bytes.size() * 4, bytes_max);
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size(), hint = 1;
    while (left > 0 || hint != 0) {
        if (out.room() == 0) out.grow();
        std::size_t produced = out.room(), consumed = left;
        hint = LZ4F_decompress(context.get(), out.at(), &produced, at, &consumed, nullptr);
        if (LZ4F_isError(hint)) return corrupt("lz4");
        out.add(produced);
        at += consumed;
        left -= consumed;
        if (out.too_large()) return too_large();
        if (consumed == 0 && produced == 0 && hint != 0)
            return corrupt("lz4");  // wants input that is not there
    }
    return out.take();
}

// ---- zstd
// --------------------------------------------------------------------------------------------------------

void zstd(std::optional<int> level, BytesView bytes, ByteSink& into) {
    const std::size_t bound = ZSTD_compressBound(bytes.size());
    const std::size_t before = into.size();
    const std::size_t n =
        ZSTD_compress(into.grow(bound), bound, bytes.data(), bytes.size(), level.value_or(3));
    MR_CHECK(!ZSTD_isError(n));
    into.shrink_to(before + n);
}

struct FreeZstd {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<Bytes> unzstd(BytesView bytes, std::size_t bytes_max) {
    const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
    MR_CHECK(context != nullptr);
    Growing out(bytes.size() * 5, bytes_max);
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::size_t hint = 1;
    while (in.pos < in.size || hint != 0) {
        if (out.room() == 0) out.grow();
        const std::size_t in_before = in.pos;
        ZSTD_outBuffer buffer{out.at(), out.room(), 0};
        hint = ZSTD_decompressStream(context.get(), &buffer, &in);  // refuses windows over 128 MiB
        if (ZSTD_isError(hint)) return corrupt("zstd");
        out.add(buffer.pos);
        if (out.too_large()) return too_large();
        if (in.pos == in_before && buffer.pos == 0 && hint != 0) return corrupt("zstd");
    }
    return out.take();
}

}  // namespace

void compress(Codec codec, std::optional<int> level, BytesView bytes, ByteSink& into) {
    switch (codec) {
        case Codec::None:
            return into.append(bytes);
        case Codec::Gzip:
            return gzip(level, bytes, into);
        case Codec::Snappy:
            return snappy(bytes, into);
        case Codec::Lz4:
            return lz4(level, bytes, into);
        case Codec::Zstd:
            return zstd(level, bytes, into);
    }
    MR_CHECK(false);
}

Result<Bytes> decompress(Codec codec, BytesView bytes, std::size_t bytes_max) {
    switch (codec) {
        case Codec::None:
            return bytes.size() > bytes_max ? Result<Bytes>(too_large()) : Bytes::copy(bytes);
        case Codec::Gzip:
            return gunzip(bytes, bytes_max);
        case Codec::Snappy:
            return unsnappy(bytes, bytes_max);
        case Codec::Lz4:
            return unlz4(bytes, bytes_max);
        case Codec::Zstd:
            return unzstd(bytes, bytes_max);
    }
    return fail(ErrorCode::UnsupportedCompressionType,
                "codec " + std::to_string(static_cast<int>(codec)));
}

Result<Bytes> uncompressed_records(const RecordBatchView& batch, std::size_t bytes_max) {
    if (batch.count() == 0) return Bytes();  // an emptied batch may keep its codec
    return decompress(batch.codec(), batch.encoded_records(), bytes_max);
}

Result<Bytes> uncompressed_records(const Bytes& bytes, std::size_t bytes_max) {
    MR_TRY(const RecordBatchView batch, RecordBatchView::of(bytes));
    if (batch.codec_number() == 0)
        return bytes.slice(kBatchHeaderBytes, batch.size() - kBatchHeaderBytes);
    return uncompressed_records(batch, bytes_max);
}

}  // namespace millrace::wire
