// For judges/check_schema.py: per line of the input, a description, its problems as a JSON list.

#include <iostream>
#include <string>

#include "authoring/schema.hpp"

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    osler::Json problems = osler::Json::array();
    const osler::Json document = osler::Json::parse(line);
    for (const osler::Problem& p : osler::schema_problems(document, osler::model_schema())) {
      problems.push_back(p.where + " " + p.what);
    }
    std::cout << problems.dump() << "\n";
  }
}
