// SPDX-License-Identifier: MIT
// The sample data of Vol 3 Part H 2.2.3, 2.2.4 and Appendix D, and third-party vectors.
#include "smp/toolbox.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "crypto/identity_resolver.hpp"
#include "tests/smp/manager_script.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::array_of;
using bluetooth::test::hex;
using bluetooth::test::hex_at;
using bluetooth::test::Octets;
using bluetooth::test::public_address;
using bluetooth::test::random_address;
using bluetooth::test::text_at;

namespace {

template <std::size_t N> std::array<std::uint8_t, N> octets(std::string_view text) {
    return array_of<N>(hex(text));
}
Key key(std::string_view text) { return Key{octets<16>(text)}; }

// Appendix D.2 to D.5.
const Coordinate u =
    octets<32>("20b003d2 f297be2c 5e2c83a7 e9f9a5b9 eff49111 acf4fddb cc030148 0e359de6");
const Coordinate v =
    octets<32>("55188b3d 32f6bb9a 900afcfb eed4e72a 59cb9ac2 f19d7cfb 6b4fdd49 f47fc5fd");
const Block n1 = octets<16>("d5cb8454 d177733e ffffb2ec 712baeab");
const Block n2 = octets<16>("a6e8e7cc 25a75f6e 216583f7 ff3dc4cf");
const TypedAddress a1 = public_address("56:12:37:37:bf:ce");
const TypedAddress a2 = public_address("a7:13:70:2d:cf:c1");

}  // namespace

TEST_CASE("smp toolbox: c1 gives the sample of 2.2.3") {
    // preq and pres are 0x07071000000101 and 0x05000800000302 as numbers.
    CHECK(c1(Key{}, octets<16>("5783D521 56AD6F0E 6388274E C6702EE0"),
             octets<7>("01 01 00 00 10 07 07"), octets<7>("02 03 00 00 08 00 05"),
             random_address("a1:a2:a3:a4:a5:a6"), public_address("b1:b2:b3:b4:b5:b6")) ==
          octets<16>("1e1e3fef 878988ea d2a74dc5 bef13b86"));
}

TEST_CASE("smp toolbox: s1 gives the sample of 2.2.4") {
    CHECK(s1(Key{}, octets<16>("000F0E0D 0C0B0A09 11223344 55667788"),
             octets<16>("01020304 05060708 99AABBCC DDEEFF00")) ==
          key("9a1fe1f0 e8b0f49b 5b4216ae 796da062"));
}

TEST_CASE("smp toolbox: f4, f5, f6 and g2 give the samples of Appendix D") {
    CHECK(f4(u, v, n1, 0) == octets<16>("f2c916f1 07a9bd1c f1eda1be a974872d"));
    const crypto::DhKey w{
        octets<32>("ec0234a3 57c8ad05 341010a6 0a397d9b 99796b13 b4f866f1 868d34f3 73bfa698")};
    const MacKeyAndLtk keys = f5(w, n1, n2, a1, a2);
    CHECK(keys.ltk == key("69867911 69d7cd23 980522b5 94750a38"));
    CHECK(keys.mac_key == key("2965f176 a1084a02 fd3f6a20 ce636e20"));
    CHECK(f6(keys.mac_key, n1, n2, octets<16>("12a3343b b453bb54 08da42d2 0c2d0fc8"),
             {0x01, 0x01, 0x02}, a1, a2) == octets<16>("e3c47398 9cd0e8c5 d26c0b09 da958f61"));
    CHECK(g2(u, v, n1, n2) == 0x2f9ed5ba);
    CHECK(g2(u, v, n1, n2) % 1'000'000 == 938'554);
}

TEST_CASE("smp toolbox: h6, h7 and ah give the samples of Appendix D") {
    const Key k = key("ec0234a3 57c8ad05 341010a6 0a397d9b");
    CHECK(h6(k, {0x6c, 0x65, 0x62, 0x72}) == key("2d9ae102 e76dc91c e8d3a9e2 80b16399"));
    CHECK(h7(key("00000000 00000000 00000000 746D7031"), k) ==
          key("fb173597 c6a3c0ec d2998c2a 75a57011"));
    CHECK(crypto::IdentityResolver{k}.ah({0x70, 0x81, 0x94}) ==
          std::array<std::uint8_t, 3>{0x0d, 0xfb, 0xaa});
}

TEST_CASE("smp toolbox: of an address only whether it is random counts") {
    TypedAddress identity = a1;
    identity.type = AddressType::public_identity;
    CHECK(identity.type_bit() == 0);
    CHECK(f5(crypto::DhKey{}, n1, n2, identity, a2).ltk == f5(crypto::DhKey{}, n1, n2, a1, a2).ltk);
    identity.type = AddressType::random_identity;
    CHECK(identity.type_bit() == 1);
    CHECK(f5(crypto::DhKey{}, n1, n2, identity, a2).ltk != f5(crypto::DhKey{}, n1, n2, a1, a2).ltk);
}

TEST_CASE("smp toolbox: a shorter key loses its most significant octets (2.3.4)") {
    const Key whole = key("0102030405060708090a0b0c0d0e0f10");
    CHECK(masked(whole, 16) == whole);
    CHECK(masked(whole, 15) == key("0002030405060708090a0b0c0d0e0f10"));
    CHECK(masked(whole, 7) == key("0000000000000000000a0b0c0d0e0f10"));
    CHECK(masked(whole, 0) == Key{});
    CHECK(masked(whole, 255) == whole);
}

TEST_CASE("smp toolbox: the functions give the results of third-party vectors") {
    const auto file = test::fixture_json("vectors/smp_crypto.json");
    if (!file) return;
    std::set<std::string> checked;
    const auto address = [](const boost::json::value& inputs, const char* member) {
        const auto all = array_of<7>(hex_at(inputs, member));
        std::array<std::uint8_t, 6> display{};
        std::copy_n(all.begin() + 1, 6, display.begin());
        return TypedAddress{AddressType{all[0]}, Address::from_display(display)};
    };
    for (const boost::json::value& vector : file->at("vectors").as_array()) {
        const std::string function = text_at(vector, "function");
        const boost::json::value& in = vector.at("inputs");
        CAPTURE(function);
        const auto block = [&](const char* member) { return array_of<16>(hex_at(in, member)); };
        const auto as_key = [&](const char* member) { return Key{block(member)}; };
        const auto check = [&](const auto& result) {
            checked.insert(function);
            CHECK(Bytes{result} == hex_at(vector, "output"));
        };
        const auto link_key = [](const Key& temporary) {
            return h6(temporary, {0x6c, 0x65, 0x62, 0x72});  // "lebr"
        };
        const Key tmp1 = key("000000000000000000000000746d7031");
        const Key tmp2 = key("000000000000000000000000746d7032");
        if (function == "c1") {
            // The feature PDUs stand there as numbers, the address types as such.
            const auto typed = [&](const char* type, const char* member) {
                return TypedAddress{AddressType{in.at(type).to_number<std::uint8_t>()},
                                    Address::from_display(array_of<6>(hex_at(in, member)))};
            };
            check(c1(as_key("k"), block("r"), crypto::reversed(array_of<7>(hex_at(in, "preq"))),
                     crypto::reversed(array_of<7>(hex_at(in, "pres"))), typed("iat", "ia"),
                     typed("rat", "ra")));
        } else if (function == "s1") {
            check(s1(as_key("k"), block("r1"), block("r2")).octets());
        } else if (function == "f4") {
            check(f4(array_of<32>(hex_at(in, "u")), array_of<32>(hex_at(in, "v")), block("x"),
                     hex_at(in, "z").at(0)));
        } else if (function == "f5.MacKey" || function == "f5.LTK") {
            const auto keys = f5(crypto::DhKey{array_of<32>(hex_at(in, "w"))}, block("n1"),
                                 block("n2"), address(in, "a1"), address(in, "a2"));
            check((function == "f5.LTK" ? keys.ltk : keys.mac_key).octets());
        } else if (function == "f6") {
            check(f6(as_key("w"), block("n1"), block("n2"), block("r"),
                     array_of<3>(hex_at(in, "iocap")), address(in, "a1"), address(in, "a2")));
        } else if (function == "g2") {
            checked.insert(function);
            CHECK(g2(array_of<32>(hex_at(in, "u")), array_of<32>(hex_at(in, "v")), block("x"),
                     block("y")) == vector.at("output").to_number<std::uint32_t>());
        } else if (function == "h6") {
            check(h6(as_key("key"), array_of<4>(hex_at(in, "keyid"))).octets());
        } else if (function == "h7") {
            check(h7(as_key("salt"), as_key("w")).octets());
        } else if (function == "ah") {
            check(crypto::IdentityResolver{as_key("k")}.ah(array_of<3>(hex_at(in, "r"))));
        } else if (function == "LTK to link key (CT2=0, h6 tmp1, lebr)") {  // 2.4.2.4
            check(link_key(h6(as_key("ltk"), {0x74, 0x6d, 0x70, 0x31})).octets());
        } else if (function == "LTK to link key (CT2=1, h7 tmp1, lebr)") {
            check(link_key(h7(tmp1, as_key("ltk"))).octets());
        } else if (function == "link key to LTK (CT2=0)") {  // 2.4.2.5: "tmp2", "brle"
            check(h6(h6(as_key("link_key"), {0x74, 0x6d, 0x70, 0x32}), {0x62, 0x72, 0x6c, 0x65})
                      .octets());
        } else if (function == "link key to LTK (CT2=1)") {
            check(h6(h7(tmp2, as_key("link_key")), {0x62, 0x72, 0x6c, 0x65}).octets());
        } else if (function == "RPA resolves") {
            checked.insert(function);
            const auto rpa = hex_at(in, "address_msb_first");
            const auto hash =
                crypto::IdentityResolver{as_key("irk")}.ah(array_of<3>(Bytes{rpa}.first(3)));
            CHECK(Bytes{hash} == Bytes{rpa}.last(3));
        }
    }
    // Signatures and the database hash are those of att/ and gatt/; the rest of crypto/'s.
    CHECK(checked.size() == 15);
}
