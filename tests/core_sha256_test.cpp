// Vectors: NIST, "SHA-256 examples" to FIPS 180-4.

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/sha256.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler {
namespace {

constexpr char kEmpty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kTwoBlocks[] = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr char kMillionA[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

std::string digest_of(std::string_view text) {
  return hex(Sha256().update(text).finish());
}

TEST(Sha256, MatchesTheFipsVectors) {
  EXPECT_EQ(digest_of(""), kEmpty);
  EXPECT_EQ(digest_of("abc"), kAbc);
  EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), kTwoBlocks);
  EXPECT_EQ(sha256_hex({}), kEmpty);
}

TEST(Sha256, DoesNotDependOnHowTheBytesArriveOrLie) {
  EXPECT_EQ(hex(Sha256().update("a").update("").update("bc").finish()), kAbc);
  const testing::TemporaryFolder place;
  testing::write_text(place.path() / "a", std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_hex_of_file(place.path() / "a"), kMillionA);
  // A file longer than one block of reading.
  testing::write_text(place.path() / "b", std::string((1 << 20) + 1, 'b'));
  EXPECT_EQ(sha256_hex_of_file(place.path() / "b"), digest_of(std::string((1 << 20) + 1, 'b')));
}

TEST(Sha256, NamesAFileThatCannotBeRead) {
  testing::expect_error(ErrorCode::bad_input, "/nowhere/at-all",
                        [] { sha256_hex_of_file("/nowhere/at-all"); });
}

}  // namespace
}  // namespace osler
