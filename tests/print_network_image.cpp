// What a package's network is shown of a file, as raw floats: for judges that make the same with
// the tool that the model comes from.
//
// usage: print_network_image PACKAGE OUT.raw IMAGE...   (an image for each channel)
// prints the channels and sizes: C X Y Z

#include <cstdio>
#include <exception>
#include <fstream>
#include <vector>

#include "preprocess/network_image.hpp"
#include "registry/package.hpp"
#include "volume/exchange.hpp"

int main(int count, char** words) {
  if (count < 4) return 2;
  try {
    const osler::ModelPackage package = osler::read_package(words[1]);
    std::vector<osler::Volume> images;
    for (int i = 3; i < count; ++i) {
      images.push_back(osler::read_exchange(words[i]));
      images.back().modality = package.wants.modalities.front();
    }
    std::vector<const osler::Volume*> channels;
    for (const osler::Volume& image : images) channels.push_back(&image);
    const osler::NetworkImage shown = osler::make_network_image(
        {}, {channels, package.windowed()->image, {}, std::int64_t{1} << 32});
    std::ofstream(words[2], std::ios::binary)
        .write(reinterpret_cast<const char*>(shown.values.data()),
               static_cast<std::streamsize>(shown.values.size() * sizeof(float)));
    std::printf("%d %ld %ld %ld\n", shown.channels, shown.grid.size[0], shown.grid.size[1],
                shown.grid.size[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
  return 0;
}
