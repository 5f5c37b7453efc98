// Names of a bundle's classes as codes, and its words for modalities.

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>

#include "core/printable.hpp"
#include "registry/bundle.hpp"

namespace osler::bundle {
namespace {

constexpr std::size_t kLongestCodeValue = 16;  ///< of Code Value, VR SH
constexpr std::size_t kLongestMeaning = 64;    ///< of Code Meaning, VR LO

const Code kBodyStructure{"123037004", "SCT", "Body structure"};
const Code kAbnormalStructure{"49755003", "SCT", "Morphologically Abnormal Structure"};
const Code kLeft{"7771000", "SCT", "Left"};
const Code kRight{"24028007", "SCT", "Right"};

/// Lower case, words apart by one space.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || u >= 0x80) {
      words.back() += static_cast<char>(std::tolower(u));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

/// Names that leave no doubt, with the codes and meanings of PS3.16.
const std::map<std::string, Code>& structures() {
  static const std::map<std::string, Code> all{
      {"adrenal gland", {"23451007", "SCT", "Adrenal gland"}},
      {"aorta", {"15825003", "SCT", "Aorta"}},
      {"brain", {"12738006", "SCT", "Brain"}},
      {"clavicle", {"51299004", "SCT", "Clavicle"}},
      {"clavicula", {"51299004", "SCT", "Clavicle"}},
      {"colon", {"71854001", "SCT", "Colon"}},
      {"duodenum", {"38848004", "SCT", "Duodenum"}},
      {"esophagus", {"32849002", "SCT", "Esophagus"}},
      {"femur", {"71341001", "SCT", "Femur"}},
      {"gallbladder", {"28231008", "SCT", "Gallbladder"}},
      {"heart", {"80891009", "SCT", "Heart"}},
      {"humerus", {"85050009", "SCT", "Humerus"}},
      {"inferior vena cava", {"64131007", "SCT", "Inferior vena cava"}},
      {"ivc", {"64131007", "SCT", "Inferior vena cava"}},
      {"kidney", {"64033007", "SCT", "Kidney"}},
      {"liver", {"10200004", "SCT", "Liver"}},
      {"lung", {"39607008", "SCT", "Lung"}},
      {"pancreas", {"15776009", "SCT", "Pancreas"}},
      {"portal vein", {"32764006", "SCT", "Portal vein"}},
      {"prostate", {"41216001", "SCT", "Prostate"}},
      {"pulmonary artery", {"81040000", "SCT", "Pulmonary artery"}},
      {"sacrum", {"54735007", "SCT", "Sacrum"}},
      {"scapula", {"79601000", "SCT", "Scapula"}},
      {"small bowel", {"30315005", "SCT", "Small intestine"}},
      {"small intestine", {"30315005", "SCT", "Small intestine"}},
      {"spleen", {"78961009", "SCT", "Spleen"}},
      {"stomach", {"69695003", "SCT", "Stomach"}},
      {"trachea", {"44567001", "SCT", "Trachea"}},
      {"urinary bladder", {"89837001", "SCT", "Urinary bladder"}},
  };
  return all;
}

/// At most `bytes` of UTF-8, never half a character.
std::string cut(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

Code own_code(const std::string& name) {
  return {cut(name, kLongestCodeValue), "99MONAI", cut(name, kLongestMeaning)};
}

NamedStructure name_structure(const std::string& name) {
  NamedStructure out;
  const std::string clean = printable(name);
  out.label = cut(clean, kLongestMeaning);
  std::vector<std::string> words = words_of(name);
  const auto abnormal = [](const std::string& word) {
    return word == "tumor" || word == "tumour" || word == "lesion" || word == "nodule" ||
           word == "edema" || word == "metastasis";
  };
  out.category =
      std::any_of(words.begin(), words.end(), abnormal) ? kAbnormalStructure : kBodyStructure;
  std::optional<Code> side;
  const auto left = std::find(words.begin(), words.end(), "left");
  const auto right = std::find(words.begin(), words.end(), "right");
  if ((left != words.end()) != (right != words.end())) {
    side = left != words.end() ? kLeft : kRight;
    words.erase(left != words.end() ? left : right);
  }
  std::string plain;
  for (const std::string& word : words) plain += (plain.empty() ? "" : " ") + word;
  const auto found = structures().find(plain);
  if (found == structures().end()) {
    out.type = own_code(clean);
  } else {
    out.type = found->second;
    out.laterality = side;
  }
  return out;
}

std::array<std::uint8_t, 3> colour_of(std::size_t n) {
  // Hues a golden angle apart, in three shades.
  constexpr double kGoldenShare = 0.61803398874989485;
  const double hue = std::fmod(0.08 + kGoldenShare * static_cast<double>(n), 1.0) * 6;
  const double value = 1 - 0.2 * static_cast<double>(n % 3);
  std::array<std::uint8_t, 3> out{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double k = std::fmod(5 - 2 * static_cast<double>(i) + hue, 6.0);
    const double share = value - value * 0.75 * std::clamp(std::min(k, 4 - k), 0.0, 1.0);
    out[i] = static_cast<std::uint8_t>(std::lround(255 * share));
  }
  return out;
}

std::vector<std::string> modalities_of(const std::string& word) {
  static const std::map<std::string, std::vector<std::string>> all{
      {"ct", {"CT"}}, {"mr", {"MR"}},         {"mri", {"MR"}},           {"pet", {"PT"}},
      {"pt", {"PT"}}, {"us", {"US"}},         {"ultrasound", {"US"}},    {"mammogram", {"MG"}},
      {"mg", {"MG"}}, {"xray", {"CR", "DX"}}, {"x ray", {"CR", "DX"}},   {"cr", {"CR"}},
      {"dx", {"DX"}}, {"endoscopy", {"ES"}},  {"regular", {"ES", "XC"}}, {"fundus", {"OP"}}};
  std::string plain;
  for (const std::string& each : words_of(word)) plain += (plain.empty() ? "" : " ") + each;
  const auto found = all.find(plain);
  return found == all.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace osler::bundle
