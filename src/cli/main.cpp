#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "core/version.hpp"

namespace {

int run_program(int argc, char** argv) {
  using namespace osler;
  CLI::App app{
      "Osler: medical imaging studies in, measured DICOM results out.\n"
      "Research software. Results are AI-made and unverified; not for clinical use.",
      "osler"};
  app.set_version_flag("--version", std::string("osler ") + kVersion);
  app.require_subcommand(1);
  app.set_config("--config", "", "TOML file of options, [COMMAND] above those of a command");
  app.footer(
      "Exit codes: 0 ok, 2 usage, 3 bad input, 4 partly done, 5 internal error.\n"
      "'osler COMMAND --help' tells more.");
  const cli::Action run = cli::add_run(app);
  const cli::Action inspect = cli::add_inspect(app);
  const cli::Action convert = cli::add_convert(app);
  const cli::Action show = cli::add_show(app);
  const cli::Action verify = cli::add_verify(app);
  const cli::Action models = cli::add_models(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  if (app.got_subcommand("run")) return run();
  if (app.got_subcommand("inspect")) return inspect();
  if (app.got_subcommand("convert")) return convert();
  if (app.got_subcommand("show")) return show();
  if (app.got_subcommand("verify")) return verify();
  return models();
}

}  // namespace

int main(int argc, char** argv) {
  int code = osler::kExitInternal;
  try {
    code = run_program(argc, argv);
  } catch (const osler::Error& error) {
    osler::cli::end_progress();
    fmt::print(stderr, "osler: {}\n", osler::printable(error.what()));
    code = osler::exit_code(error.code());
  } catch (const std::exception& error) {
    osler::cli::end_progress();
    fmt::print(stderr, "osler: {}\n", osler::printable(osler::failure_text(error)));
  }
  std::fflush(nullptr);
  return code;
}
