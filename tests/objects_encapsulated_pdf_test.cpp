#include "objects/encapsulated_pdf.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "findings_phantom.hpp"

namespace osler::objects {
namespace {

using phantom::Phantom;

TEST(EncapsulatedPdf, HoldsTheDocumentAndItsLength) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  const std::string pdf = "%PDF-1.4 odd";  // 12 bytes
  const ObjectIds ids = write_encapsulated_pdf(p.findings, pdf + "!", {}, folder.path / "a.dcm");
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((folder.path / "a.dcm").c_str()).good());
  DcmDataset& d = *file.getDataset();
  const Uint8* bytes = nullptr;
  unsigned long size = 0;
  ASSERT_TRUE(d.findAndGetUint8Array(DCM_EncapsulatedDocument, bytes, &size).good());
  EXPECT_EQ(size, 14U);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes), 14), pdf + "!" + '\0');
  Uint32 length = 0;
  d.findAndGetUint32(DCM_EncapsulatedDocumentLength, length);
  EXPECT_EQ(length, 13U);
  OFString value;
  d.findAndGetOFString(DCM_BurnedInAnnotation, value);
  EXPECT_EQ(value, "YES");
  d.findAndGetOFString(DCM_SOPInstanceUID, value);
  EXPECT_EQ(value.c_str(), ids.sop_instance_uid);
  EXPECT_EQ(ids.sop_instance_uid, object_uid(p.findings, "pdf"));
}

TEST(EncapsulatedPdf, RefusesWhatIsNoPdf) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  EXPECT_THROW(write_encapsulated_pdf(p.findings, "<html>", {}, folder.path / "a.dcm"), Error);
}

}  // namespace
}  // namespace osler::objects
