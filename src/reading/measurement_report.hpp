#pragma once
// A content tree -> what a person wants of it. Groups are TID 1500's, known by their codes, old
// and new; in other documents (CAD, echo, dose ...) whatever holds numbers or marked places.

#include <optional>
#include <string>
#include <vector>

#include "reading/content_tree.hpp"

namespace osler::reading {

struct Observer {
  bool is_person = false;
  std::string name;
  std::string organisation;  ///< of a person
  std::string role;          ///< of a person
  std::string uid;           ///< of a device, as all below
  std::string manufacturer;
  std::string model;
  std::string serial_number;
  std::string location;
};

struct Site {
  Code code;
  std::optional<Code> laterality;
  std::vector<Code> modifiers;
};

struct Algorithm {
  std::string name;
  std::string version;
  std::string manufacturer;
  std::optional<Code> family;
  std::vector<std::string> parameters;

  bool is_stated() const { return !name.empty() || family.has_value(); }
};

/// A name and a code or a text.
struct Evaluation {
  std::string path;
  std::optional<Code> name;
  std::optional<Code> code;
  std::string text;
};

/// What was measured, or where something was marked.
struct Reference {
  /// segment, segmentation_frame, region, region_in_space, volume_surface, source_image,
  /// source_series, source_of_measurement, value_map, other
  std::string role;
  std::optional<Code> name;
  std::string value_type;
  std::string series_uid;  ///< of source_series
  std::vector<ContentReference> objects;
  std::optional<ContentGraphic> graphic;
};

struct Measurement {
  std::string path;
  std::optional<Code> name;
  std::optional<double> value;
  std::string text;  ///< the value as it is written
  std::optional<Code> unit;
  std::optional<Code> qualifier;
  std::optional<Code> derivation;
  std::vector<Code> methods;
  std::vector<Site> sites;
  Algorithm algorithm;
  std::vector<Evaluation> properties;  ///< whatever else qualifies it
  std::vector<Reference> references;
  std::vector<Measurement> related;  ///< numbers that it was inferred from, or its properties
};

struct MeasurementGroup {
  std::size_t number = 0;  ///< 1 is the first; how `osler verify` may name it
  std::string path;
  std::string label;  ///< tracking identifier, else what it is of
  std::optional<Code> name;
  std::string content_template;
  std::string tracking_identifier;
  std::string tracking_uid;
  std::string session;
  std::string time_point;
  std::optional<Code> category;
  std::optional<Code> finding;
  std::string finding_text;
  std::vector<Site> sites;
  std::vector<Code> methods;
  Algorithm algorithm;
  std::vector<Measurement> measurements;
  std::vector<Evaluation> evaluations;
  std::vector<Reference> references;
};

struct MeasurementReport {
  std::optional<Code> title;
  std::string content_template;
  std::optional<Code> language;
  std::vector<Observer> observers;
  std::vector<Code> procedures;
  std::size_t library_images = 0;
  std::vector<MeasurementGroup> groups;
  std::vector<Evaluation> evaluations;  ///< Qualitative Evaluations of the document
  /// What is referred to often, or stands below many, is not repeated everywhere.
  bool is_cut_off = false;
};

MeasurementReport read_measurement_report(const ContentTree& tree);

/// Of a Key Object Selection.
struct KeyObjects {
  std::optional<Code> title;
  std::vector<Code> modifiers;
  std::vector<std::string> descriptions;
  std::vector<Observer> observers;
  std::vector<ContentReference> references;
};

KeyObjects read_key_objects(const ContentTree& tree);

/// Whether the text of an item tells who the patient is (TID 1007).
bool names_patient(const ContentItem& item);

}  // namespace osler::reading
