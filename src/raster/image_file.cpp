#include "raster/image_file.h"

#include <algorithm>
#include <cctype>
#include <csetjmp>
#include <cstdio>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include "core/file.h"
#include "raster/claimed_size.h"
#include "raster/geotiff.h"

namespace nadir::raster {
namespace {

// libjpeg reports through C callbacks that must not throw: they note the
// message and jump back to the decoder.
struct JpegErrors {
  jpeg_error_mgr manager;  // first, so that a pointer to it is one to us
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

void jump_back(j_common_ptr decoder) {
  auto* errors = reinterpret_cast<JpegErrors*>(decoder->err);
  (*decoder->err->format_message)(decoder, errors->message);
  std::longjmp(errors->jump, 1);
}

// libjpeg paints grey what is missing and only warns; we refuse.
void refuse_damage(j_common_ptr decoder, int level) {
  const int code = decoder->err->msg_code;
  const bool is_damage = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER ||
                         code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC;
  if (level < 0 && is_damage) {
    jump_back(decoder);
  }
}

// A decoder that is destroyed whatever happens.
struct JpegDecoder {
  JpegDecoder() {
    decoder.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = jump_back;
    errors.manager.emit_message = refuse_damage;
    jpeg_create_decompress(&decoder);
  }

  ~JpegDecoder() { jpeg_destroy_decompress(&decoder); }

  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  JpegErrors errors{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct decoder{};
};

// A progressive picture may hold thousands of scans that cost a pass over all
// pixels each and a few bytes of the file; encoders write about ten.
void refuse_many_scans(j_common_ptr decoder) {
  constexpr int kMaxScans = 200;
  const auto* picture = reinterpret_cast<j_decompress_ptr>(decoder);
  if (picture->input_scan_number > kMaxScans) {
    auto* errors = reinterpret_cast<JpegErrors*>(decoder->err);
    std::snprintf(
        errors->message,
        sizeof(errors->message),
        "more than %d scans",
        kMaxScans);
    std::longjmp(errors->jump, 1);
  }
}

// False on damage; nothing in here owns memory, so longjmp skips no destructor.
bool read_jpeg_header(JpegDecoder& jpeg, std::string_view bytes) {
  if (setjmp(jpeg.errors.jump) != 0) {
    return false;
  }
  jpeg_mem_src(
      &jpeg.decoder,
      reinterpret_cast<const unsigned char*>(bytes.data()),
      bytes.size());
  jpeg_read_header(&jpeg.decoder, TRUE);
  jpeg.decoder.out_color_space =
      jpeg.decoder.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_calc_output_dimensions(&jpeg.decoder);
  jpeg.progress.progress_monitor = refuse_many_scans;
  jpeg.decoder.progress = &jpeg.progress;
  return true;
}

// Of a progressive picture this reads all scans into memory.
bool start_jpeg(JpegDecoder& jpeg) {
  if (setjmp(jpeg.errors.jump) != 0) {
    return false;
  }
  jpeg_start_decompress(&jpeg.decoder);
  return true;
}

bool read_jpeg_rows(JpegDecoder& jpeg, uint8_t* dst, int64_t row_bytes) {
  if (setjmp(jpeg.errors.jump) != 0) {
    return false;
  }
  while (jpeg.decoder.output_scanline < jpeg.decoder.output_height) {
    JSAMPROW row = dst + jpeg.decoder.output_scanline * row_bytes;
    jpeg_read_scanlines(&jpeg.decoder, &row, 1);
  }
  jpeg_finish_decompress(&jpeg.decoder);
  return true;
}

// Interleaved pixels to planes, and back.
template <class T>
void split_bands(const T* src, Image& image) {
  const int64_t num_bands = image.num_bands();
  for (int64_t band = 0; band < num_bands; ++band) {
    const T* next = src + band;
    for (T& pixel : image.band<T>(band)) {
      pixel = *next;
      next += num_bands;
    }
  }
}

std::vector<uint8_t> joined_bands(const Image& image) {
  std::vector<uint8_t> pixels(image.bytes().size());
  const auto num_bands = static_cast<size_t>(image.num_bands());
  for (size_t band = 0; band < num_bands; ++band) {
    size_t next = band;
    for (const uint8_t pixel :
         image.band<uint8_t>(static_cast<int64_t>(band))) {
      pixels[next] = pixel;
      next += num_bands;
    }
  }
  return pixels;
}

Image decode_jpeg(
    std::string_view bytes, const std::string& name, int64_t max_bytes) {
  JpegDecoder jpeg;
  if (!read_jpeg_header(jpeg, bytes)) {
    fail(ErrorCode::kCorruptData, "{}: JPEG: {}", name, jpeg.errors.message);
  }
  const int64_t num_bands = jpeg.decoder.output_components;
  const int64_t height = jpeg.decoder.output_height;
  const int64_t width = jpeg.decoder.output_width;
  check_claimed_size(
      num_bands, height, width, 1, bytes.size(), name, max_bytes);
  if (!start_jpeg(jpeg)) {
    fail(ErrorCode::kCorruptData, "{}: JPEG: {}", name, jpeg.errors.message);
  }
  std::vector<uint8_t> pixels(static_cast<size_t>(num_bands * height * width));
  if (!read_jpeg_rows(jpeg, pixels.data(), num_bands * width)) {
    fail(ErrorCode::kCorruptData, "{}: JPEG: {}", name, jpeg.errors.message);
  }
  Image image(num_bands, height, width, PixelType::kUint8);
  split_bands(pixels.data(), image);
  return image;
}

[[noreturn]] void fail_png(
    ErrorCode code, png_image& control, const std::string& name) {
  const std::string message = control.message;
  png_image_free(&control);
  fail(code, "{}: PNG: {}", name, message);
}

// libpng's simple interface converts 16-bit samples to linear light; these
// readers keep the stored numbers, so the full interface is used.
struct PngReader {
  PngReader() {
    png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this, note_error, [](png_structp, auto) {});
    info = png_create_info_struct(png);
  }

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }

  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  static void note_error(png_structp reader, png_const_charp text) {
    auto* self = static_cast<PngReader*>(png_get_error_ptr(reader));
    std::snprintf(self->message, sizeof(self->message), "%s", text);
    png_longjmp(reader, 1);
  }

  static void take_bytes(png_structp reader, png_bytep dst, size_t size) {
    auto* self = static_cast<PngReader*>(png_get_io_ptr(reader));
    if (size > self->bytes.size()) {
      png_error(reader, "the file ends early");
    }
    std::copy_n(self->bytes.data(), size, reinterpret_cast<char*>(dst));
    self->bytes.remove_prefix(size);
  }

  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string_view bytes;
  char message[256] = "";
};

bool start_png(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_set_read_fn(reader.png, &reader, PngReader::take_bytes);
  png_read_info(reader.png, reader.info);
  png_set_palette_to_rgb(reader.png);
  png_set_expand_gray_1_2_4_to_8(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_swap(reader.png);  // little-endian 16-bit samples
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_png_rows(PngReader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) {
    return false;
  }
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

Image decode_png(
    std::string_view bytes, const std::string& name, int64_t max_bytes) {
  PngReader reader;
  reader.bytes = bytes;
  if (!start_png(reader)) {
    fail(ErrorCode::kCorruptData, "{}: PNG: {}", name, reader.message);
  }
  const int64_t height = png_get_image_height(reader.png, reader.info);
  const int64_t width = png_get_image_width(reader.png, reader.info);
  const int64_t num_bands = png_get_channels(reader.png, reader.info);
  const bool is_wide = png_get_bit_depth(reader.png, reader.info) == 16;
  const size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  check_claimed_size(
      num_bands, height, width, is_wide ? 2 : 1, bytes.size(), name, max_bytes);
  std::vector<png_byte> pixels(row_bytes * static_cast<size_t>(height));
  std::vector<png_bytep> rows;
  for (int64_t row = 0; row < height; ++row) {
    rows.push_back(pixels.data() + static_cast<size_t>(row) * row_bytes);
  }
  if (!read_png_rows(reader, rows.data())) {
    fail(ErrorCode::kCorruptData, "{}: PNG: {}", name, reader.message);
  }
  Image image(
      num_bands,
      height,
      width,
      is_wide ? PixelType::kUint16 : PixelType::kUint8);
  if (is_wide) {
    split_bands(reinterpret_cast<const uint16_t*>(pixels.data()), image);
  } else {
    split_bands(pixels.data(), image);
  }
  return image;
}

bool is_tiff(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 4);
  return head == std::string_view("II*\0", 4) ||
         head == std::string_view("MM\0*", 4) ||
         head == std::string_view("II+\0", 4) ||
         head == std::string_view("MM\0+", 4);
}

}  // namespace

Image read_image(const std::filesystem::path& path) {
  return decode_image(read_file(path), path.string());
}

Image decode_image(
    std::string_view bytes, const std::string& name, int64_t max_bytes) {
  if (bytes.starts_with("\xff\xd8\xff")) {
    return decode_jpeg(bytes, name, max_bytes);
  }
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) {
    return decode_png(bytes, name, max_bytes);
  }
  if (is_tiff(bytes)) {
    return decode_raster(bytes, name, max_bytes);
  }
  fail(
      ErrorCode::kCorruptData,
      "{}: {}, expected a JPEG, PNG or TIFF picture",
      name,
      bytes.empty() ? "the file is empty" : "unknown kind of file");
}

bool has_image_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(
      extension.begin(), extension.end(), extension.begin(), [](char letter) {
        return static_cast<char>(
            std::tolower(static_cast<unsigned char>(letter)));
      });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" ||
         extension == ".tif" || extension == ".tiff";
}

std::string encode_png(const Image& image) {
  const int64_t num_bands = image.num_bands();
  NADIR_CHECK(
      image.type() == PixelType::kUint8 && !image.empty() &&
          (num_bands == 1 || num_bands == 3 || num_bands == 4),
      "a PNG needs 1, 3 or 4 bands of 8-bit pixels, got {} band(s) of {} x {} "
      "with {} byte(s) a pixel",
      num_bands,
      image.height(),
      image.width(),
      bytes_per_pixel(image.type()));
  const std::vector<uint8_t> pixels = joined_bands(image);
  png_image control{};
  control.version = PNG_IMAGE_VERSION;
  control.width = static_cast<png_uint_32>(image.width());
  control.height = static_cast<png_uint_32>(image.height());
  control.format = num_bands == 1   ? PNG_FORMAT_GRAY
                   : num_bands == 3 ? PNG_FORMAT_RGB
                                    : PNG_FORMAT_RGBA;
  control.flags = PNG_IMAGE_FLAG_FAST;  // people wait for pictures
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(control);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(
          &control, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    fail_png(ErrorCode::kInternal, control, "encoder");
  }
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const Image& image) {
  write_file(path, encode_png(image));
}

}  // namespace nadir::raster
