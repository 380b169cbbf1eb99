#pragma once
// A run: up to 256 records of one input partition on their way through the operators, in columns
// (design §3.7, §3.9). Operators share columns: a filter passes another selection of the same rows,
// map_values another column of values. A cell holds bytes, an object, or both, and gets the other
// on first use. Nothing is allocated in the steady state.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/byte_order.h"
#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"
#include "millrace/engine/operators/codec.h"

namespace millrace::engine {

inline constexpr std::size_t kRunMax = 256;
using Row = std::uint16_t;

// Bytes that live until the next reset; pieces never move.
class Arena {
public:
    void reset() {
        chunk_ = 0;
        used_ = 0;
    }
    std::byte* take(std::size_t n) {
        if (chunks_.empty() || used_ + n > chunks_[chunk_].size) [[unlikely]]
            next_chunk(n);
        std::byte* at = chunks_[chunk_].data.get() + used_;
        used_ += n;
        return at;
    }
    BytesView copy(BytesView bytes) {
        std::byte* at = take(bytes.size());
        if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
        return {at, bytes.size()};
    }

private:
    void next_chunk(std::size_t n);
    struct Chunk {
        std::unique_ptr<std::byte[]> data;
        std::size_t size = 0;
    };
    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0, used_ = 0;
};

struct Cell {
    enum State : std::uint8_t {
        Null = 0,
        HasBytes = 1,
        HasObject = 2,
        Bad = 4
    };  // Bad: did not deserialise
    const std::byte* data = nullptr;
    std::uint32_t size = 0;
    std::uint8_t state = Null;

    bool is_null() const { return state == Null; }
    bool is_bad() const { return (state & Bad) != 0; }
    BytesView bytes() const { return {data, size}; }
    // The same, for who says it of many: size and state in one word.
    static std::uint64_t bytes_word(std::uint32_t size) {
        return size | std::uint64_t{HasBytes} << 32;
    }
    void point_to(const std::byte* at, std::uint64_t word) {
        data = at;
        std::memcpy(reinterpret_cast<std::byte*>(this) + sizeof data, &word, sizeof word);
    }
    void set_bytes(BytesView b) {
        data = b.data();
        size = static_cast<std::uint32_t>(b.size());
        state = HasBytes;
    }
};

static_assert(sizeof(Cell) == 16 && offsetof(Cell, size) == 8 && offsetof(Cell, state) == 12 &&
              std::endian::native == std::endian::little);

// Thrown by an access to a cell whose bytes do not deserialise, inside user code; the node's driver
// catches it.
struct CellIsBad {};

class Column {
public:
    Column() = default;
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;
    ~Column();

    // The codec reads and writes the bytes of the cells; null: objects only.
    void set_type(const TypeOps& type, const Codec* codec) {
        if (type_ == &type && codec_ == codec) return;
        type_ = &type;
        codec_ = codec;
        plain_bytes_ = codec && codec->fingerprint() == "bytes";
        plain_int64_ = codec && codec->fingerprint() == "int64";
    }
    const Codec* codec() const { return codec_; }
    const TypeOps* type() const { return type_; }

    Cell& operator[](Row row) { return cells_[row]; }
    const Cell& operator[](Row row) const { return cells_[row]; }

    // The cell has bytes, and they are what its object would be, a BytesView.
    bool are_bytes(Row row) const {
        return (cells_[row].state & Cell::HasBytes) != 0 && plain_bytes_;
    }
    // The object of a cell; null when the cell is null or bad. T is the column's type.
    template <class T>
    const T* get(Row row) {
        Cell& cell = cells_[row];
        if (cell.state & Cell::HasObject) return static_cast<const T*>(objects_) + row;
        if constexpr (std::is_same_v<T, BytesView> || std::is_same_v<T, std::int64_t>) {
            // What costs less than the call of a codec.
            if (cell.state == Cell::HasBytes && objects_) {
                T& object = static_cast<T*>(objects_)[row];
                if constexpr (std::is_same_v<T, BytesView>) {
                    if (plain_bytes_) {
                        object = cell.bytes();
                        return &object;
                    }
                } else if (plain_int64_ && cell.size == 8) {
                    object = load_be<std::int64_t>(cell.data);
                    return &object;
                }
            }
        }
        if (!decode(row)) return nullptr;
        return static_cast<const T*>(objects_) + row;
    }
    // The place for a new object; the cell then holds that object alone.
    template <class T>
    T& object(Row row) {
        if (!objects_) [[unlikely]]
            create_objects();
        cells_[row].state = Cell::HasObject;
        return static_cast<T*>(objects_)[row];
    }
    void* object_at(Row row) {
        if (!objects_) [[unlikely]]
            create_objects();
        cells_[row].state = Cell::HasObject;
        return static_cast<std::byte*>(objects_) + row * type_->size;
    }
    void set_null(Row row) { cells_[row].state = Cell::Null; }
    // Reads a cell that holds bytes: false when they do not deserialise (bad_detail() says why).
    bool readable(Row row) { return (cells_[row].state & Cell::HasObject) || decode(row); }
    void copy_cell(Row to, Column& from,
                   Row row);  // bytes when they are there (they must live on), else the object

    // The bytes of a non-null cell in this column's own format, made on first use.
    BytesView bytes(Row row) {
        Cell& cell = cells_[row];
        if (!(cell.state & Cell::HasBytes)) encode(row);
        return cell.bytes();
    }
    // The same for all of these rows that have no bytes yet, up to one whose codec throws.
    void encode(const Row* rows, std::size_t n);
    // The bytes in the format of `codec`: the cell's own when the formats are equal (`same`), else
    // in `scratch`. Nothing: bad.
    std::optional<BytesView> bytes_as(const Codec& codec, bool same, Row row, ByteSink& scratch) {
        const Cell& cell = cells_[row];
        if (same && (cell.state & Cell::HasBytes)) [[likely]]
            return cell.bytes();
        return encode_as(codec, same, row, scratch);
    }

    Arena& arena() { return arena_; }
    void reset() { arena_.reset(); }                               // before a new run is written
    const std::string& bad_detail() const { return bad_detail_; }  // of the cell that went bad last

private:
    bool decode(Row row);
    void encode(Row row);
    std::optional<BytesView> encode_as(const Codec& codec, bool same, Row row, ByteSink& scratch);
    void create_objects();

    std::array<Cell, kRunMax> cells_;
    const TypeOps* type_ = nullptr;
    const Codec* codec_ = nullptr;
    bool plain_bytes_ = false, plain_int64_ = false;  // the codec's formats that get() reads itself
    void* objects_ = nullptr;
    Arena arena_;
    ByteSink scratch_;
    std::string bad_detail_;
};

// What the columns of one row space share.
struct Rows {
    std::array<std::int64_t, kRunMax> timestamp;
    std::array<BytesView, kRunMax> headers;  // encoded as in a record, with the count; empty: none
    std::array<Row, kRunMax> origin;         // the row in Origin
    bool any_headers = true;                 // false: all of them are empty
};

// Where the rows of a run come from: the records taken from an input.
struct Origin {
    const std::string* topic = nullptr;  // null: a punctuation
    std::int32_t partition = -1;
    std::array<std::int64_t, kRunMax> offset;
    std::int64_t stream_time = -1;  // of the task, when the run's last record was taken
    const Rows* rows = nullptr;     // as they came in: for dead-letter records
    Column* keys = nullptr;
    Column* values = nullptr;
};

struct Run {
    Rows* rows = nullptr;
    Column* keys = nullptr;
    Column* values = nullptr;
    const Origin* origin = nullptr;
    const Row* selected = nullptr;
    std::size_t size = 0;
};

struct Selection {
    std::array<Row, kRunMax> rows;
    std::size_t size = 0;
};

}  // namespace millrace::engine
