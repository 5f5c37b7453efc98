#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/uid.hpp"

namespace osler {
namespace {

std::string uid(const std::vector<std::string>& parts) {
  return derived_uid(parts);
}

TEST(DerivedUid, EqualsAnIndependentComputation) {
  // Python: h = hashlib.sha256(b"".join(b"%d:%s" % (len(p), p) for p in parts)).digest()[:16],
  // version and variant bits set as RFC 9562 5.8 says, "2.25.%d" % uuid.UUID(bytes=h).int; uuid
  // gave aab5f9ae-99b2-838f-b462-025c8f72f570 (version 8) for the first.
  EXPECT_EQ(uid({"abc"}), "2.25.226913629168089105521790336268554663280");
  EXPECT_EQ(uid({"1.2.3", "segmentation", "model"}),
            "2.25.260239740848194258647425177895089285177");
  EXPECT_EQ(uid({}), "2.25.302652579918966106791432553938847512868");
}

TEST(DerivedUid, KeepsThePartsApart) {
  EXPECT_EQ(uid({"ab", "c"}), "2.25.89139764471349515755813040146450297003");
  EXPECT_EQ(uid({"a", "bc"}), "2.25.110412357735506804059868378596849497474");
  EXPECT_NE(uid({"abc"}), uid({"abc", ""}));
}

TEST(DerivedUid, IsAUidWhateverItIsMadeOf) {
  for (int i = 0; i < 1000; ++i) {
    const std::string made = uid({"series", std::to_string(i)});
    EXPECT_TRUE(made.starts_with("2.25.")) << made;
    EXPECT_NE(made[5], '0') << made;
    EXPECT_LE(made.size(), 64U) << made;
    EXPECT_TRUE(is_valid_uid(made)) << made;
  }
}

TEST(IsValidUid, FollowsPart5Section9) {
  EXPECT_TRUE(is_valid_uid("1.2.840.10008.1.2"));
  EXPECT_TRUE(is_valid_uid("1"));
  EXPECT_TRUE(is_valid_uid("1.02.3")) << "leading zeros are let through";
  EXPECT_TRUE(is_valid_uid(std::string(64, '1')));
  EXPECT_FALSE(is_valid_uid(std::string(65, '1')));
  for (const char* wrong : {"", ".", ".1", "1.", "1..2", "1.2a", "1.2 ", "1,2", "1/2", "-1"}) {
    EXPECT_FALSE(is_valid_uid(wrong)) << "'" << wrong << "'";
  }
}

}  // namespace
}  // namespace osler
