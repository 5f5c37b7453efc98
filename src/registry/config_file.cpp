#include "registry/config_file.hpp"

#include "registry/bundle_config.hpp"

namespace osler {
namespace {

using bundle::Node;

Json json_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::boolean:
      return node.boolean;
    case Node::Kind::integer:
      return node.integer;
    case Node::Kind::number:
      return node.number;
    case Node::Kind::text:
      return node.text;
    case Node::Kind::list: {
      Json list = Json::array();
      for (const auto& item : node.items) list.push_back(json_of(*item));
      return list;
    }
    case Node::Kind::dict: {
      Json dict = Json::object();
      for (const auto& [name, member] : node.members) dict[name] = json_of(*member);
      return dict;
    }
    default:
      return nullptr;  // what a file cannot hold but null
  }
}

}  // namespace

Json read_config_file(const std::filesystem::path& file) {
  return json_of(*bundle::Config::read(file).root());
}

}  // namespace osler
