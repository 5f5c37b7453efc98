#include "preprocess/template.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.hpp"
#include "core/sha256.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;

/// 3 x 2 x 4 voxels that are all different, in an oblique frame.
HeadTemplate small_template() {
  HeadTemplate head;
  head.size = {3, 2, 4};
  head.index_to_lps =
      Affine::from_columns({-0.6, 0.8, 0}, {-1.6, -1.2, 0}, {0, 0, 1.5}, {90, 125.25, -71});
  for (std::uint8_t i = 0; i < 24; ++i) {
    head.t1.push_back(static_cast<std::uint8_t>(10 * i));
    head.masks.push_back(i % 4);
  }
  return head;
}

class TemplateFile : public ::testing::Test {
 protected:
  TemplateFile() {
    folder_ = fs::temp_directory_path() / ("osler_template_test_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    file_ = folder_ / "head.mha";
  }
  ~TemplateFile() override { fs::remove_all(folder_); }

  std::string write(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;
    return sha256_hex_of_file(file_);
  }
  Error failure(const std::string& sha256) {
    try {
      read_template(file_, sha256, "some-package");
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorCode::internal, ""};
  }

  fs::path folder_, file_;
};

TEST_F(TemplateFile, ReadsBackWhatWasWritten) {
  const HeadTemplate written = small_template();
  const HeadTemplate read = read_template(file_, write(encode_template(written)), "some-package");
  EXPECT_EQ(read.size, written.size);
  EXPECT_EQ(read.t1, written.t1);
  EXPECT_EQ(read.masks, written.masks);
  for (int i = 0; i < 12; ++i) {
    EXPECT_NEAR(read.index_to_lps.m[i], written.index_to_lps.m[i], 1e-12);
  }
}

TEST_F(TemplateFile, SaysWhatToInstallIfItIsMissing) {
  const Error error = failure(std::string(64, '0'));
  EXPECT_EQ(error.code(), ErrorCode::model);
  const std::string text = error.what();
  EXPECT_NE(text.find("is missing"), std::string::npos) << text;
  EXPECT_NE(text.find("some-package"), std::string::npos) << text;
  EXPECT_NE(text.find("./tools/setup"), std::string::npos) << text;
  EXPECT_NE(text.find("osler-make-template"), std::string::npos) << text;
}

TEST_F(TemplateFile, RefusesAnotherDigest) {
  const std::string bytes = encode_template(small_template());
  const std::string sha256 = write(bytes);
  std::string changed = bytes;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  write(changed);
  const Error error = failure(sha256);
  EXPECT_EQ(error.code(), ErrorCode::model);
  EXPECT_EQ(error.expected(), sha256);
  EXPECT_NE(error.remedy().find("some-package"), std::string::npos);
}

TEST(Template, BytesAreTheSameEachTime) {
  const std::string bytes = encode_template(small_template());
  EXPECT_EQ(bytes, encode_template(small_template()));
  EXPECT_EQ(bytes.substr(0, 30), "ObjectType = Image\nNDims = 3\nB");
  EXPECT_EQ(bytes.substr(bytes.size() - 48 - 24, 24), "ElementDataFile = LOCAL\n");
}

TEST(Template, RefusesWhatIsNotATemplate) {
  const std::string good = encode_template(small_template());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string out = good;
    return out.replace(out.find(from), from.size(), to);
  };
  EXPECT_NO_THROW(decode_template(good));
  for (const std::string& bad :
       {std::string(), std::string("ObjectType"), good.substr(0, good.size() - 1), good + "x",
        with("DimSize = 3", "DimSize = 0"), with("DimSize = 3", "DimSize = 99999999999999999999"),
        with("DimSize = 3", "DimSize = x"), with("DimSize = 3 2 4", "DimSize = 3 2"),
        with("MET_UCHAR", "MET_FLOAT"), with("= LOCAL", "= other.raw"),
        with("ElementSpacing = 1 ", "ElementSpacing = 0 ")}) {
    EXPECT_THROW(decode_template(bad), Error) << bad.substr(0, 80);
  }
}

TEST(Template, RefusesToEncodeAnIncompleteOne) {
  HeadTemplate head = small_template();
  head.masks.pop_back();
  EXPECT_THROW(encode_template(head), Error);
}

}  // namespace
}  // namespace osler
