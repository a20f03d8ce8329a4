// SPDX-License-Identifier: MIT
#include "att/database.hpp"

#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using bluetooth::test::heart_rate_database;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

Octets value(const Database& database, std::uint16_t handle) {
    return Octets{Bytes{database.find(Handle{handle})->value}};
}
std::vector<int> handles(const Database& database, std::span<const std::uint32_t> places) {
    std::vector<int> result;
    for (const std::uint32_t place : places) result.push_back(number(database[place].handle));
    return result;
}
constexpr HandleRange all{first_handle, last_handle};

}  // namespace

TEST_CASE("att database: declarations hold what Vol 3 Part G 3.1 and 3.3.1 say") {
    const Database database = heart_rate_database();
    CHECK(value(database, 1) == hex("0d 18"));
    CHECK(value(database, 2) == hex("0e | 03 00 | 39 2a"));
    CHECK(value(database, 4) == hex("32 | 05 00 | 37 2a"));
    CHECK(value(database, 10) == hex("ef cd ab 89 67 45 23 01 00 00 00 00 0c a0 00 00"));
    CHECK(value(database, 11) ==
          hex("02 | 0c 00 | ef cd ab 89 67 45 23 01 00 00 00 00 09 b0 00 00"));
}

TEST_CASE("att database: a 32-bit UUID stands in 128 bits") {
    Database database;
    database.add_service(UUID::from_u32(0x12345678));
    database.add_characteristic(UUID::from_u32(0x9abcdef0), 0x02, flag::read);
    CHECK(value(database, 1) == hex("fb 34 9b 5f 80 00 00 80 00 10 00 00 78 56 34 12"));
    CHECK(value(database, 2) == hex("02 03 00 fb 34 9b 5f 80 00 00 80 00 10 00 00 f0 de bc 9a"));
    CHECK(database.find(Handle{3})->type.size() == 16);
}

TEST_CASE("att database: an included service with a 128-bit UUID is declared without it") {
    Database database;
    database.add_service(UUID{0x180f});
    database.add_include({Handle{0x10}, Handle{0x20}}, UUID{0x180d});
    database.add_include({Handle{0x10}, Handle{0x20}}, UUID{0x180d}.canonical());
    CHECK(value(database, 2) == hex("10 00 | 20 00 | 0d 18"));
    CHECK(value(database, 3) == hex("10 00 | 20 00"));
}

TEST_CASE("att database: groups end before the next of their kind") {
    const Database database = heart_rate_database();
    CHECK(database.find(Handle{1})->group_end == Handle{9});
    CHECK(database.find(Handle{10})->group_end == Handle{16});
    CHECK(database.find(Handle{4})->group_end == Handle{7});
    CHECK(database.find(Handle{8})->group_end == Handle{9});
    CHECK(database.find(Handle{5})->group_end == Handle{5});
}

TEST_CASE("att database: handles are found with and without gaps, unknown ones are not") {
    Database database;
    database.add_service(UUID{0x1800});
    database.continue_at(Handle{0xfff0});
    database.add_service(UUID{0x1801});
    database.continue_at(Handle{0xffff});
    database.add_service(UUID{0x180d});
    database.seal();
    CHECK(database.find(Handle{1})->handle == Handle{1});
    CHECK(database.find(Handle{0xfff0})->handle == Handle{0xfff0});
    CHECK(database.find(Handle{0xffff})->handle == Handle{0xffff});
    for (const Handle unknown : {Handle{0x0000}, Handle{0x0002}, Handle{0x0003}, Handle{0xffef},
                                 Handle{0xfff1}, Handle{0xfffe}})
        CHECK(database.find(unknown) == nullptr);
    CHECK(Database{}.find(Handle{1}) == nullptr);
    CHECK(database.add_service(UUID{0x180f}) == no_handle);
}

TEST_CASE("att database: types are found in handle order, in 16 bits as in 128") {
    const Database database = heart_rate_database();
    CHECK(handles(database, database.of_type(type::characteristic, all)) ==
          std::vector{2, 4, 8, 11, 13, 15});
    CHECK(handles(database, database.of_type(type::characteristic, {Handle{4}, Handle{11}})) ==
          std::vector{4, 8, 11});
    CHECK(handles(database, database.of_type(UUID{0x2803}.canonical(), all)).size() == 6);
    CHECK(database.of_type(UUID{0x2aff}, all).empty());
    CHECK(database.of_type(type::characteristic, {Handle{16}, last_handle}).empty());
}

TEST_CASE("att database: each CCCD has a number, and the security of the value's reads") {
    Database database;
    database.add_service(UUID{0x180d});
    database.add_characteristic(UUID{0x2a37}, 0x12, flag::read | flag::notify);
    database.add_client_configuration();
    database.add_characteristic(UUID{0x2a38}, 0x22,
                                flag::read | flag::indicate | flag::read_authenticated);
    database.add_client_configuration();
    database.seal();
    CHECK(database.configuration_count() == 2);
    CHECK(database.find(Handle{3})->configuration == 0);
    CHECK(database.find(Handle{6})->configuration == 1);
    CHECK(database.configuration_handle(1) == Handle{7});
    CHECK(database.configurations_below(Handle{7}) == 1);
    CHECK((database.find(Handle{4})->flags & flag::write_authenticated) == 0);
    CHECK((database.find(Handle{7})->flags & flag::write_authenticated) != 0);
}

TEST_CASE("att database: equal tables do not differ, whatever their values") {
    Database a = heart_rate_database();
    const Database b = heart_rate_database();
    a.find(Handle{3})->value = {1, 2, 3};
    CHECK_FALSE(a.difference(b).has_value());
}

TEST_CASE("att database: a difference reaches from the first changed handle to the last in use") {
    const Database before = heart_rate_database();
    Database after = heart_rate_database();
    after.add_descriptor(UUID{0x2901}, flag::read);  // the last service grows
    after.seal();
    CHECK(before.difference(after) == HandleRange{Handle{10}, Handle{17}});
    CHECK(after.difference(before) == HandleRange{Handle{10}, Handle{17}});
    CHECK(before.difference(Database{}) == HandleRange{Handle{1}, Handle{16}});
}

TEST_CASE("att database: other permissions make another attribute of it") {
    const auto table = [](std::uint16_t flags) {
        Database database;
        database.add_service(UUID{0x180d});
        database.add_characteristic(UUID{0x2a37}, flag::read, flags);
        database.seal();
        return database;
    };
    CHECK_FALSE(table(flag::read).difference(table(flag::read)).has_value());
    CHECK(table(flag::read).difference(table(flag::read | flag::read_encrypted)) ==
          HandleRange{Handle{3}, Handle{3}});
}
