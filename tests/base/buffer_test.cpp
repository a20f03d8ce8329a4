// SPDX-License-Identifier: MIT
#include "base/buffer.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;

namespace {

Buffer filled(BufferPool& pool, Bytes octets) {
    Buffer buffer = pool.acquire();
    REQUIRE(buffer);
    REQUIRE(buffer.append(octets));
    return buffer;
}

}  // namespace

TEST_CASE("buffer: a fresh one is empty, with headroom in front and its capacity behind") {
    BufferPool pool{1, 27};
    const Buffer fresh = pool.acquire();
    CHECK(fresh);
    CHECK(fresh.size() == 0);
    CHECK(fresh.bytes().empty());
    CHECK(fresh.headroom() == 16);
    Buffer buffer = fresh.share();
    CHECK(buffer.tail().size() == 27);
    CHECK(pool.capacity() == 27);
}

TEST_CASE("buffer: every layer prepends its header in place") {
    BufferPool pool{1, 27};
    Buffer buffer = filled(pool, hex("1b 2a 00 61 62"));               // ATT notification
    std::ranges::copy(hex("05 00 04 00"), buffer.prepend(4).begin());  // L2CAP
    std::ranges::copy(hex("40 00 09 00"), buffer.prepend(4).begin());  // ACL
    std::ranges::copy(hex("02"), buffer.prepend(1).begin());           // H4
    CHECK(buffer.bytes() == hex("02 | 40 00 09 00 | 05 00 04 00 | 1b 2a 00 61 62"));
    CHECK(buffer.headroom() == 7);
}

TEST_CASE("buffer: the whole headroom may be used, the window then reaches to the front") {
    BufferPool pool{1, 4};
    Buffer buffer = filled(pool, hex("61 62 63 64"));
    std::ranges::fill(buffer.prepend(BufferPool::headroom), std::uint8_t{0xee});
    CHECK(buffer.headroom() == 0);
    CHECK(buffer.size() == 20);
    CHECK(buffer.prepend(0).empty());
}

TEST_CASE("buffer: octets written to the tail belong to it once committed") {
    BufferPool pool{1, 8};
    Buffer buffer = filled(pool, hex("01 02"));
    std::ranges::copy(hex("03 04 05"), buffer.tail().begin());
    CHECK(buffer.bytes() == hex("01 02"));
    buffer.commit(2);
    CHECK(buffer.bytes() == hex("01 02 03 04"));
    CHECK(buffer.tail().size() == 4);
    CHECK(buffer.tail().front() == 0x05);
}

TEST_CASE("buffer: what does not fit is not appended, not even in part") {
    BufferPool pool{1, 4};
    Buffer buffer = filled(pool, hex("01 02 03"));
    CHECK_FALSE(buffer.append(hex("04 05")));
    CHECK(buffer.bytes() == hex("01 02 03"));
    CHECK(buffer.append(hex("04")));
    CHECK(buffer.append(Bytes{}));
    CHECK_FALSE(buffer.append(hex("05")));
    CHECK(buffer.bytes() == hex("01 02 03 04"));
}

TEST_CASE("buffer: the window shrinks from both ends") {
    BufferPool pool{1, 8};
    Buffer buffer = filled(pool, hex("01 02 03 04 05"));
    buffer.remove_prefix(2);
    CHECK(buffer.bytes() == hex("03 04 05"));
    CHECK(buffer.headroom() == 18);
    buffer.truncate(2);
    CHECK(buffer.bytes() == hex("03 04"));
    buffer.remove_prefix(2);
    CHECK(buffer.bytes().empty());
    CHECK(buffer);
}

TEST_CASE("buffer: its octets may be changed in place") {
    BufferPool pool{1, 8};
    Buffer buffer = filled(pool, hex("01 02 03"));
    buffer.mutable_bytes()[1] = 0xff;
    CHECK(buffer.bytes() == hex("01 ff 03"));
}

TEST_CASE("buffer: a null handle is false, without octets and without room") {
    Buffer null;
    CHECK_FALSE(null);
    CHECK(null.size() == 0);
    CHECK(null.bytes().empty());
    CHECK(null.mutable_bytes().empty());
    CHECK(null.tail().empty());
    CHECK_FALSE(null.append(hex("01")));
    CHECK_FALSE(null.share());
    null.reset();
    CHECK_FALSE(null);
}

TEST_CASE("buffer: moving hands the slot on and leaves a null handle") {
    BufferPool pool{2, 8};
    Buffer first = filled(pool, hex("01 02"));
    Buffer second = std::move(first);
    CHECK_FALSE(first);
    CHECK(first.bytes().empty());
    CHECK(second.bytes() == hex("01 02"));
    CHECK(pool.available() == 1);

    Buffer third = filled(pool, hex("03"));
    CHECK(pool.available() == 0);
    third = std::move(second);
    CHECK(third.bytes() == hex("01 02"));
    CHECK(pool.available() == 1);
}

TEST_CASE("buffer: moved onto itself it stays what it was") {
    BufferPool pool{1, 8};
    Buffer buffer = filled(pool, hex("01 02"));
    Buffer& same = buffer;
    buffer = std::move(same);
    CHECK(buffer.bytes() == hex("01 02"));
    CHECK(pool.available() == 0);
}

TEST_CASE("buffer: shared handles see the same octets through windows of their own") {
    BufferPool pool{1, 8};
    Buffer whole = filled(pool, hex("01 02 03 04"));
    Buffer part = whole.share();
    CHECK(part.bytes() == whole.bytes());
    CHECK(part.bytes().data() == whole.bytes().data());
    part.remove_prefix(1);
    part.truncate(2);
    CHECK(part.bytes() == hex("02 03"));
    CHECK(whole.bytes() == hex("01 02 03 04"));
    whole.mutable_bytes()[1] = 0xff;
    CHECK(part.bytes() == hex("ff 03"));
}

TEST_CASE("buffer: the slot returns with the last handle, in whatever order they go") {
    BufferPool pool{1, 8};
    std::optional<Buffer> first{filled(pool, hex("01"))};
    std::optional<Buffer> second{first->share()};
    std::optional<Buffer> third{second->share()};
    SUBCASE("the first before the others") {
        first.reset();
        CHECK(pool.available() == 0);
        CHECK(third->bytes() == hex("01"));
        third.reset();
        CHECK(pool.available() == 0);
        second.reset();
    }
    SUBCASE("the first last, by reset") {
        third.reset();
        second.reset();
        CHECK(pool.available() == 0);
        first->reset();
        CHECK_FALSE(*first);
        first->reset();
    }
    CHECK(pool.available() == 1);
}

TEST_CASE("buffer pool: hands out as many as it has, then null handles, then what came back") {
    BufferPool pool{3, 8};
    CHECK(pool.size() == 3);
    std::vector<Buffer> buffers;
    for (std::uint8_t i = 0; i < 3; ++i) {
        buffers.push_back(pool.acquire());
        REQUIRE(buffers.back());
        std::ranges::fill(buffers.back().tail(), i);
        buffers.back().commit(8);
    }
    CHECK(pool.available() == 0);
    CHECK_FALSE(pool.acquire());
    for (std::uint8_t i = 0; i < 3; ++i)  // no slot overlaps another
        CHECK(std::ranges::all_of(buffers[i].bytes(), [i](auto octet) { return octet == i; }));

    buffers[1].reset();
    CHECK(pool.available() == 1);
    const Buffer again = pool.acquire();
    CHECK(again);
    CHECK(again.size() == 0);
    CHECK(again.headroom() == BufferPool::headroom);
    CHECK_FALSE(pool.acquire());
}

TEST_CASE("buffer pool: without buffers it only hands out null handles") {
    BufferPool pool{0, 8};
    CHECK_FALSE(pool.acquire());
}

TEST_CASE("buffer: one that was moved from has no size and no headroom") {
    BufferPool pool{1, 8};
    Buffer first = pool.acquire();
    REQUIRE(first.append(hex("01 02")));
    const Buffer second = std::move(first);
    CHECK(first.size() == 0);
    CHECK(first.headroom() == 0);
}
