// SPDX-License-Identifier: MIT
#include "bluetooth/file_secret_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "bluetooth/secret_text.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/hex.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

namespace {

using enum SecretType;

using Values = std::vector<Octets>;

const Octets peer_a = hex("00 04030201aa00");
const Octets peer_b = hex("01 04030201aac0");
const Bytes irk = Bytes::of("irk");

unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

/// What there is of one type, in order.
Values all(SecretStore& store, SecretType type) {
    Values values;
    while (const auto value = store.get(type, values.size(), std::nullopt))
        values.emplace_back(*value);
    return values;
}

/// What a program that starts now would find.
Values stored(const std::filesystem::path& path, SecretType type) {
    FileSecretStore store{path};
    return all(store, type);
}

std::string text_of(const SecretTable& table) {
    const SecretOctets text = format_secrets(table);
    return std::string{text.octets().text()};
}

void check_a_store(SecretStore& store) {
    CHECK_FALSE(store.get(our_keys, 0, std::nullopt));
    CHECK_FALSE(store.set(our_keys, peer_a, std::nullopt));
    CHECK(store.set(our_keys, peer_a, hex("0a")));
    CHECK(store.set(our_keys, peer_b, hex("0b")));
    CHECK(store.set(peer_keys, peer_a, hex("1a 1a")));
    CHECK(store.set(gatt_client, peer_a, Bytes{}));
    CHECK(all(store, our_keys) == Values{hex("0a"), hex("0b")});
    CHECK(store.get(our_keys, 0, peer_b) == hex("0b"));
    CHECK(store.get(gatt_client, 0, peer_a) == Bytes{});
    CHECK_FALSE(store.get(peer_keys, 0, peer_b));

    CHECK(store.set(our_keys, peer_a, hex("0c")));  // in its old place
    CHECK(all(store, our_keys) == Values{hex("0c"), hex("0b")});
    CHECK(store.set(our_keys, peer_a, std::nullopt));
    CHECK(all(store, our_keys) == Values{hex("0b")});
    CHECK_FALSE(store.set(our_keys, peer_a, std::nullopt));
    CHECK(store.get(peer_keys, 0, peer_a) == hex("1a 1a"));

    CHECK_FALSE(store.set(our_keys, Bytes{}, hex("00")));
    CHECK_FALSE(store.set(our_keys, Octets(65), hex("00")));
    CHECK_FALSE(store.set(our_keys, peer_a, Octets(8193)));
    CHECK(all(store, our_keys) == Values{hex("0b")});
}

}  // namespace

TEST_CASE("secret store: in memory") {
    MemorySecretStore store;
    check_a_store(store);
}

TEST_CASE("secret store: in a file") {
    const CapturedLog log;
    const TemporaryFolder folder;
    FileSecretStore store{folder / "file"};
    check_a_store(store);
    CHECK(stored(folder / "file", our_keys) == Values{hex("0b")});
    CHECK(stored(folder / "file", peer_keys) == Values{hex("1a 1a")});
}

TEST_CASE("secret store: nothing is made before there is something to keep") {
    const TemporaryFolder folder;
    FileSecretStore store{folder / "state/asioble/file"};
    CHECK(all(store, peer_keys).empty());
    CHECK_FALSE(store.set(our_keys, peer_a, std::nullopt));
    CHECK_FALSE(std::filesystem::exists(folder / "state"));
}

TEST_CASE("secret store: file and folders are for their owner only") {
    const ::mode_t before = ::umask(0);
    const TemporaryFolder folder;
    FileSecretStore store{folder / "state/asioble/file"};
    CHECK(store.set(our_keys, peer_a, hex("0a")));
    CHECK(mode_of(folder / "state") == 0700);
    CHECK(mode_of(folder / "state/asioble") == 0700);
    CHECK(mode_of(folder / "state/asioble/file") == 0600);
    CHECK(mode_of(folder / "state/asioble/file.lock") == 0600);
    CHECK_FALSE(std::filesystem::exists(folder / "state/asioble/file.new"));
    ::umask(before);
}

TEST_CASE("secret store: a file that others can read is told of, and is closed to them") {
    const TemporaryFolder folder;
    FileSecretStore writer{folder / "file"};
    CHECK(writer.set(our_keys, peer_a, hex("0a")));
    REQUIRE(::chmod((folder / "file").c_str(), 0644) == 0);

    const CapturedLog log;
    FileSecretStore store{folder / "file"};
    CHECK(all(store, our_keys).size() == 1);
    CHECK(all(store, our_keys).size() == 1);
    CHECK(log.lines.size() == 1);
    CHECK(log.says("chmod 600"));
    CHECK(store.set(our_keys, peer_a, hex("0b")));
    CHECK(mode_of(folder / "file") == 0600);
    CHECK(log.lines.size() == 1);
}

TEST_CASE("secret store: our identity waits for the first bond") {
    const TemporaryFolder folder;
    const auto path = folder / "file";
    {
        FileSecretStore store{path};
        CHECK(store.set(identity, irk, hex("01")));
        CHECK(store.set(identity, Bytes::of("address"), hex("02")));
        CHECK(store.get(identity, 0, irk) == hex("01"));
        CHECK(all(store, identity) == Values{hex("01"), hex("02")});
        CHECK(store.set(identity, irk, hex("03")));
        CHECK(store.set(identity, Bytes::of("address"), std::nullopt));
        CHECK_FALSE(store.set(identity, Bytes::of("address"), std::nullopt));
        CHECK_FALSE(std::filesystem::exists(path));

        CHECK(store.set(peer_keys, peer_a, hex("0a")));
        CHECK(all(store, identity) == Values{hex("03")});
    }
    CHECK(stored(path, identity) == Values{hex("03")});

    FileSecretStore store{path};
    CHECK(store.set(identity, irk, hex("04")));  // there is a file now
    CHECK(stored(path, identity) == Values{hex("04")});
    CHECK(store.set(peer_keys, peer_a, std::nullopt));
    CHECK(stored(path, identity) == Values{hex("04")});
}

TEST_CASE("secret store: who we are outlives the file") {
    const TemporaryFolder folder;
    FileSecretStore store{folder / "file"};
    CHECK(store.set(identity, irk, hex("01")));
    CHECK(store.set(peer_keys, peer_a, hex("0a")));
    std::filesystem::remove(folder / "file");
    CHECK(all(store, peer_keys).empty());
    CHECK(store.get(identity, 0, irk) == hex("01"));
    CHECK(store.set(peer_keys, peer_b, hex("0b")));
    CHECK(stored(folder / "file", identity) == Values{hex("01")});
}

TEST_CASE("secret store: a change that changes nothing writes nothing") {
    const TemporaryFolder folder;
    FileSecretStore store{folder / "file"};
    CHECK(store.set(our_keys, peer_a, hex("0a")));
    const FileState before = file_state(folder / "file");
    CHECK(store.set(our_keys, peer_a, hex("0a")));
    CHECK_FALSE(store.set(our_keys, peer_b, std::nullopt));
    CHECK(file_state(folder / "file") == before);
}

TEST_CASE("secret store: damage costs one record, and the log tells which") {
    const TemporaryFolder folder;
    SecretTable table;
    table.put(our_keys, peer_a, hex("0a0a"));
    table.put(our_keys, peer_b, hex("0b0b"));
    std::string text = text_of(table);
    text[text.find("0b0b")] = '1';
    write_file(folder / "file", text);
    REQUIRE(::chmod((folder / "file").c_str(), 0600) == 0);

    const CapturedLog log;
    FileSecretStore store{folder / "file"};
    CHECK(all(store, our_keys) == Values{hex("0a0a")});
    CHECK(store.set(our_keys, peer_a, hex("0c0c")));
    CHECK(log.lines.size() == 1);
    CHECK(log.says("C0:AA:01:02:03:04 (random)"));
    CHECK_FALSE(log.says("0b0b"));
    CHECK(read_file(folder / "file").find("1b0b") == std::string::npos);
}

TEST_CASE("secret store: what another version has written is neither read nor overwritten") {
    const TemporaryFolder folder;
    for (const std::string text : {"asioble-bonds 2\nanything\n", "a letter to somebody\n"}) {
        write_file(folder / "file", text);
        CapturedLog log;
        FileSecretStore store{folder / "file"};
        CHECK(all(store, our_keys).empty());
        CHECK(log.says("move it away"));
        CHECK_FALSE(store.set(our_keys, peer_a, hex("0a")));
        CHECK_FALSE(store.set(identity, irk, hex("0a")));
        CHECK(log.says("nothing was stored"));
        CHECK(read_file(folder / "file") == text);
        CHECK_FALSE(std::filesystem::exists(folder / "file.lock"));

        std::filesystem::remove(folder / "file");  // as it was told to
        CHECK(store.set(our_keys, peer_a, hex("0a")));
        std::filesystem::remove(folder / "file.lock");
    }
}

TEST_CASE("secret store: a full store says so and keeps what it has") {
    const TemporaryFolder folder;
    SecretTable table;
    for (std::size_t i = 0; i < SecretTable::max_records; ++i)
        table.put(our_keys, Bytes::of(std::to_string(i)), hex("00"));
    write_file(folder / "file", text_of(table));

    CapturedLog log;
    FileSecretStore store{folder / "file"};
    CHECK_FALSE(store.set(our_keys, peer_a, hex("0a")));
    CHECK(log.says("asioble bonds remove"));
    CHECK_FALSE(store.get(our_keys, 0, peer_a));
    CHECK(stored(folder / "file", our_keys).size() == SecretTable::max_records);
    CHECK(store.set(our_keys, Bytes::of("7"), std::nullopt));
    CHECK(store.set(our_keys, peer_a, hex("0a")));
}

TEST_CASE("secret store: no file becomes too large to be read again") {
    const TemporaryFolder folder;
    const CapturedLog log;
    FileSecretStore store{folder / "file"};
    std::size_t count = 0;
    while (count < 100 && store.set(gatt_client, Bytes::of(std::to_string(count)), Octets(8000)))
        ++count;
    CHECK(count > 60);
    CHECK(count < 70);
    CHECK(stored(folder / "file", gatt_client).size() == count);
}

TEST_CASE("secret store: a writing that fails leaves the old file") {
    const TemporaryFolder folder;
    const auto path = folder / "file";
    FileSecretStore store{path};
    CHECK(store.set(our_keys, peer_a, hex("0a")));
    const std::string before = read_file(path);
    for (const std::string_view in_the_way : {"file.new", "file.lock"}) {
        CAPTURE(in_the_way);
        const CapturedLog log;
        std::filesystem::remove(folder / in_the_way);
        std::filesystem::create_directory(folder / in_the_way);
        CHECK_FALSE(store.set(our_keys, peer_a, hex("0b")));
        CHECK_FALSE(store.set(our_keys, peer_a, std::nullopt));
        CHECK_FALSE(store.set(our_keys, peer_b, hex("0b")));
        CHECK(log.lines.size() == 3);
        CHECK(log.says("move that away; nothing was stored"));
        CHECK(read_file(path) == before);
        CHECK(all(store, our_keys) == Values{hex("0a")});
        std::filesystem::remove(folder / in_the_way);
        CHECK(store.set(our_keys, peer_b, hex("0b")));
        CHECK(store.set(our_keys, peer_b, std::nullopt));
    }
}

TEST_CASE("secret store: what a writer that was killed has left is no hindrance") {
    const TemporaryFolder folder;
    write_file(folder / "file.new", "half a fi");
    FileSecretStore store{folder / "file"};
    CHECK(store.set(our_keys, peer_a, hex("0a")));
    CHECK(stored(folder / "file", our_keys).size() == 1);
    CHECK_FALSE(std::filesystem::exists(folder / "file.new"));
}

TEST_CASE("secret store: places where no file can be are told of") {
    const TemporaryFolder folder;
    write_file(folder / "occupied", "");
    std::filesystem::create_directory(folder / "directory");
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    for (const std::string_view where : {"occupied/file", "directory", "pipe"}) {
        CAPTURE(where);
        const CapturedLog log;
        FileSecretStore store{folder / where};
        CHECK(all(store, our_keys).empty());
        CHECK_FALSE(store.set(our_keys, peer_a, hex("0a")));
        CHECK(log.says(where));
    }
    const CapturedLog log;
    FileSecretStore nowhere{std::filesystem::path{}};
    CHECK(nowhere.set(identity, irk, hex("01")));
    CHECK_FALSE(nowhere.set(our_keys, peer_a, hex("0a")));
    CHECK(log.says("HOME"));
}

TEST_CASE("secret store: a link stays a link") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "elsewhere");
    std::filesystem::create_symlink(folder / "elsewhere/file", folder / "file");
    FileSecretStore store{folder / "file"};
    CHECK(store.set(our_keys, peer_a, hex("0a")));
    CHECK(store.set(our_keys, peer_b, hex("0b")));
    CHECK(std::filesystem::is_symlink(folder / "file"));
    CHECK(stored(folder / "elsewhere/file", our_keys).size() == 2);
}

TEST_CASE("secret store: two of one file see what the other stores, and lose none of it") {
    const TemporaryFolder folder;
    FileSecretStore one{folder / "file"};
    FileSecretStore other{folder / "file"};
    CHECK(one.set(identity, irk, hex("01")));
    CHECK(other.set(identity, irk, hex("02")));
    CHECK(one.set(our_keys, peer_a, hex("0a")));
    CHECK(other.get(identity, 0, irk) == hex("01"));  // a peer knows it already
    CHECK(other.set(our_keys, peer_b, hex("0b")));
    CHECK(all(one, our_keys) == Values{hex("0a"), hex("0b")});
    CHECK(other.set(our_keys, peer_a, std::nullopt));
    CHECK_FALSE(one.set(our_keys, peer_a, std::nullopt));
    CHECK(one.set(our_keys, peer_a, hex("0c")));
    CHECK(all(other, our_keys) == Values{hex("0b"), hex("0c")});
    CHECK(stored(folder / "file", identity) == Values{hex("01")});
}

TEST_CASE("secret store: two that write at once lose nothing") {
    const TemporaryFolder folder;
    constexpr int each = 40;
    const auto write = [&](std::string_view name) {
        FileSecretStore store{folder / "file"};
        for (int i = 0; i < each; ++i)
            if (!store.set(our_keys, Bytes::of(std::string{name} + std::to_string(i)), hex("00")))
                return;
    };
    std::thread one{write, "one"};
    std::thread other{write, "other"};
    one.join();
    other.join();
    CHECK(stored(folder / "file", our_keys).size() == 2 * each);
}

TEST_CASE("secret store: a lock that is not given back is waited for, but not for ever") {
    const TemporaryFolder folder;
    FileSecretStore store{folder / "file"};
    const CapturedLog log;
    {
        const auto lock = FileLock::take(folder / "file");
        REQUIRE(lock.has_value());
        CHECK_FALSE(store.set(our_keys, peer_a, hex("0a")));
        CHECK(log.says("another program"));
    }
    CHECK(store.set(our_keys, peer_a, hex("0a")));
}
