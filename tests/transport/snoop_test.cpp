// SPDX-License-Identifier: MIT
#include "transport/snoop.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "tests/transport/loop.hpp"

using namespace bluetooth;
using namespace bluetooth::transport;
using namespace bluetooth::test;

namespace {

using Direction = SnoopWriter::Direction;

// 2000-01-01 00:00:00 UTC, 946684800 s after the Unix epoch, and 5 us.
const std::chrono::system_clock::time_point when{std::chrono::microseconds{946'684'800'000'005}};

Octets contents(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return Octets(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
}

// `packet` as it is written.
Octets masked(KeyMask& mask, Direction direction, Octets packet) {
    mask.apply(direction, packet);
    return packet;
}
Octets masked(Direction direction, Octets packet) {
    KeyMask mask;
    return masked(mask, direction, std::move(packet));
}

const std::string sixteen = "11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF 10";
const std::string zeros = "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";

}  // namespace

TEST_CASE("snoop: the file has the header and records of btsnoop version 1, data link H4") {
    const TemporaryFolder folder;
    const std::string path = folder / "hci.btsnoop";
    {
        auto writer = SnoopWriter::open(path);
        REQUIRE(writer.has_value());
        CHECK(contents(path) == hex("62 74 73 6E 6F 6F 70 00 | 00 00 00 01 | 00 00 03 EA"));
        BufferPool pool{1, 32};
        Packet packet = small_packet(hex("02 40 00 07 00"));
        packet.payload = pool.acquire();
        REQUIRE(packet.payload.append(hex("03 00 04 00 02 17 00")));
        writer->sent(small_packet(hex("01 03 0C 00")), when);
        writer->received(PacketType::event, hex("0E 04 01 03 0C 00"), when);
        writer->sent(packet, when);
        writer->received(PacketType::acl, hex("40 20 07 00 03 00 04 00 03 17 00"), when);
        CHECK(contents(path).size() == 16);  // one write per batch
        writer->flush();
    }
    // 0x00E03AB44A676000 is the 1st of January, 2000 in microseconds since the year 0.
    CHECK(contents(path) == hex("62 74 73 6E 6F 6F 70 00 | 00 00 00 01 | 00 00 03 EA"
                                "00 00 00 04 | 00 00 00 04 | 00 00 00 02 | 00 00 00 00"
                                "00 E0 3A B4 4A 67 60 05 | 01 03 0C 00"
                                "00 00 00 07 | 00 00 00 07 | 00 00 00 03 | 00 00 00 00"
                                "00 E0 3A B4 4A 67 60 05 | 04 0E 04 01 03 0C 00"
                                "00 00 00 0C | 00 00 00 0C | 00 00 00 00 | 00 00 00 00"
                                "00 E0 3A B4 4A 67 60 05 | 02 40 00 07 00 03 00 04 00 02 17 00"
                                "00 00 00 0C | 00 00 00 0C | 00 00 00 01 | 00 00 00 00"
                                "00 E0 3A B4 4A 67 60 05 | 02 40 20 07 00 03 00 04 00 03 17 00"));
}

TEST_CASE("snoop: the file is for its owner only, also when it was there before") {
    const TemporaryFolder folder;
    const std::string path = folder / "hci.btsnoop";
    std::ofstream{path} << "something old";
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    REQUIRE(SnoopWriter::open(path).has_value());
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(status.st_size == 16);
}

TEST_CASE("snoop: what is not flushed is written at the end; big batches are written in pieces") {
    const TemporaryFolder folder;
    const std::string path = folder / "hci.btsnoop";
    {
        auto writer = SnoopWriter::open(path);
        REQUIRE(writer.has_value());
        Octets packet = hex("02 40 20 E8 03");
        packet.resize(1005, 0x55);
        for (int i = 0; i < 100; ++i) writer->write(Direction::received, packet, {}, when);
    }
    CHECK(contents(path).size() == 16 + 100 * (24 + 1005));
}

TEST_CASE("snoop: a file that cannot be written is explained") {
    const TemporaryFolder folder;
    const auto no_folder = SnoopWriter::open(folder / "no/hci.btsnoop");
    REQUIRE_FALSE(no_folder.has_value());
    CHECK(no_folder.error().code.value() == ENOENT);
    CHECK(contains(no_folder.error().message, "the folder does not exist"));
    CHECK(contains(SnoopWriter::open(folder.path).error().message, "it is a folder"));
}

TEST_CASE("snoop: a full disk ends the capture, not the program") {
    auto writer = SnoopWriter::open("/dev/full");
    REQUIRE(writer.has_value());
    writer->received(PacketType::event, hex("0E 04 01 03 0C 00"), when);
    writer->flush();
}

TEST_CASE("snoop: keys are masked in the file unless they are asked for") {
    const TemporaryFolder folder;
    const std::string path = folder / "hci.btsnoop";
    const Octets command = hex("01 1A 20 12 40 00" + sixteen);
    {
        auto writer = SnoopWriter::open(path);
        writer->write(Direction::sent, command, {}, when);
    }
    CHECK(Octets{Bytes{contents(path)}.subspan(40)} == hex("01 1A 20 12 40 00" + zeros));
    {
        auto writer = SnoopWriter::open(path, {.include_keys = true});
        writer->write(Direction::sent, command, {}, when);
    }
    CHECK(Octets{Bytes{contents(path)}.subspan(40)} == command);
}

TEST_CASE("key mask: keys in commands") {
    const auto sent = [](const std::string& packet) {
        return masked(Direction::sent, hex(packet));
    };
    // LE Enable Encryption: the handle, random number and EDIV stay.
    CHECK(sent("01 19 20 1C 40 00 01 02 03 04 05 06 07 08 0A 0B" + sixteen) ==
          hex("01 19 20 1C 40 00 01 02 03 04 05 06 07 08 0A 0B" + zeros));
    // LE Long Term Key Request Reply.
    CHECK(sent("01 1A 20 12 40 00" + sixteen) == hex("01 1A 20 12 40 00" + zeros));
    // LE Encrypt: key and plaintext.
    CHECK(sent("01 17 20 20" + sixteen + sixteen) == hex("01 17 20 20" + zeros + zeros));
    // LE Add Device To Resolving List: the address stays, both IRKs go.
    CHECK(sent("01 27 20 27 00 01 02 03 04 05 06" + sixteen + sixteen) ==
          hex("01 27 20 27 00 01 02 03 04 05 06" + zeros + zeros));
    // LE Create BIG and LE BIG Create Sync: the broadcast code.
    CHECK(sent("01 68 20 1F 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 01" + sixteen) ==
          hex("01 68 20 1F 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 01" + zeros));
    CHECK(sent("01 6B 20 19 01 02 00 01" + sixteen + "05 64 00 01 01") ==
          hex("01 6B 20 19 01 02 00 01" + zeros + "00 00 00 00 00"));
    // Others stay as they are.
    CHECK(sent("01 03 0C 00") == hex("01 03 0C 00"));
    CHECK(sent("01 1B 20 02 40 00") == hex("01 1B 20 02 40 00"));
}

TEST_CASE("key mask: keys in events") {
    const auto received = [](const std::string& packet) {
        return masked(Direction::received, hex(packet));
    };
    // Command Complete of LE Encrypt and of LE Rand: the status stays.
    CHECK(received("04 0E 14 01 17 20 00" + sixteen) == hex("04 0E 14 01 17 20 00" + zeros));
    CHECK(received("04 0E 0C 01 18 20 00 01 02 03 04 05 06 07 08") ==
          hex("04 0E 0C 01 18 20 00 00 00 00 00 00 00 00 00"));
    // LE Generate DHKey Complete.
    CHECK(received("04 3E 22 09 00" + sixteen + sixteen) == hex("04 3E 22 09 00" + zeros + zeros));
    // Others stay as they are, among them a public key.
    CHECK(received("04 0E 04 01 03 0C 00") == hex("04 0E 04 01 03 0C 00"));
    CHECK(received("04 3E 22 08 00" + sixteen + sixteen) ==
          hex("04 3E 22 08 00" + sixteen + sixteen));
}

TEST_CASE("key mask: the keys that pairing distributes, both ways") {
    for (const auto& [direction, header] : {std::pair{Direction::sent, "02 40 00 15 00"},
                                            std::pair{Direction::received, "02 40 20 15 00"}}) {
        for (const char* code : {"06", "08", "0A"}) {  // LTK, IRK, CSRK
            const std::string start = std::string{header} + "11 00 06 00" + code;
            CHECK(masked(direction, hex(start + sixteen)) == hex(start + zeros));
        }
    }
    // Central Identification
    CHECK(masked(Direction::sent,
                 hex("02 40 00 0F 00 0B 00 06 00 07 01 02 03 04 05 06 07 08 09 0A")) ==
          hex("02 40 00 0F 00 0B 00 06 00 07 00 00 00 00 00 00 00 00 00 00"));
    // Pairing Confirm is no key; and an ATT value is not our business.
    const Octets confirm = hex("02 40 00 15 00 11 00 06 00 03" + sixteen);
    CHECK(masked(Direction::sent, confirm) == confirm);
    const Octets notification = hex("02 40 00 15 00 11 00 04 00 06" + sixteen);
    CHECK(masked(Direction::sent, notification) == notification);
}

TEST_CASE("key mask: a key cut into fragments is masked to its end, on its link only") {
    KeyMask mask;
    const auto sent = [&](const char* packet) {
        return masked(mask, Direction::sent, hex(packet));
    };
    CHECK(sent("02 40 00 08 00 | 11 00 06 00 06 11 22 33") ==
          hex("02 40 00 08 00 | 11 00 06 00 06 00 00 00"));
    CHECK(sent("02 41 10 03 00 | 44 55 66") == hex("02 41 10 03 00 | 44 55 66"));
    CHECK(masked(mask, Direction::received, hex("02 40 10 03 00 | 44 55 66")) ==
          hex("02 40 10 03 00 | 44 55 66"));
    CHECK(sent("02 40 10 03 00 | 44 55 66") == hex("02 40 10 03 00 | 00 00 00"));
    CHECK(sent("02 40 10 03 00 | 77 88 99") == hex("02 40 10 03 00 | 00 00 00"));
    // The next PDU on that link is no key.
    CHECK(sent("02 40 00 07 00 | 03 00 04 00 02 17 00") ==
          hex("02 40 00 07 00 | 03 00 04 00 02 17 00"));
    CHECK(sent("02 40 10 03 00 | 44 55 66") == hex("02 40 10 03 00 | 44 55 66"));
    // Cut before the octet that tells what it is.
    CHECK(sent("02 40 00 04 00 | 11 00 06 00") == hex("02 40 00 04 00 | 11 00 06 00"));
    CHECK(sent("02 40 10 05 00 | 06 11 22 33 44") == hex("02 40 10 05 00 | 00 00 00 00 00"));
}

TEST_CASE("key mask: cut-off packets are survived, and their keys masked as far as they go") {
    const std::vector packets{hex("01 19 20 1C 40 00 01 02 03 04 05 06 07 08 0A 0B" + sixteen),
                              hex("04 0E 14 01 17 20 00" + sixteen),
                              hex("04 3E 22 09 00" + sixteen + sixteen),
                              hex("02 40 00 15 00 11 00 06 00 06" + sixteen)};
    for (const Octets& packet : packets) {
        const Octets whole = masked(Direction::sent, packet);
        for (std::size_t size = 0; size <= packet.size(); ++size) {
            const Octets cut{Bytes{packet}.first(size)};
            CHECK(masked(Direction::sent, cut) == Octets{Bytes{whole}.first(size)});
        }
    }
}
