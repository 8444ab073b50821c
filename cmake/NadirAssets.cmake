# Files as part of a program.
#
#   nadir_assets(nadir_dashboard NAMESPACE nadir::dashboard
#                FILES /app/main.js=web/main.js ...)
#
# adds sources to the target that define `const Asset kAssets[]` and `const int
# kNumAssets` of its header assets.h: an assembler source takes the bytes in as
# they are, so that no compiler reads megabytes of numbers.
enable_language(ASM)

function(nadir_assets target)
  cmake_parse_arguments(ARG "" "NAMESPACE" "FILES" ${ARGN})
  set(assembly "  .section .rodata\n")
  set(declarations "")
  set(entries "")
  set(paths "")
  set(index 0)
  foreach(file IN LISTS ARG_FILES)
    string(REGEX MATCH "^([^=]+)=(.+)$" _ "${file}")
    set(path "${CMAKE_MATCH_1}")
    get_filename_component(source "${CMAKE_MATCH_2}" ABSOLUTE)
    list(APPEND paths "${source}")
    string(APPEND assembly
      "  .global nadir_asset_${index}\n  .global nadir_asset_${index}_end\n"
      "nadir_asset_${index}:\n  .incbin \"${source}\"\n"
      "nadir_asset_${index}_end:\n  .byte 0\n")
    string(APPEND declarations
      "extern const char nadir_asset_${index}[];\n"
      "extern const char nadir_asset_${index}_end[];\n")
    string(APPEND entries
      "    {\"${path}\",\n     {nadir_asset_${index},\n"
      "      static_cast<size_t>(nadir_asset_${index}_end - nadir_asset_${index})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND assembly "  .section .note.GNU-stack,\"\",@progbits\n")
  set(stem "${CMAKE_CURRENT_BINARY_DIR}/${target}_assets")
  file(CONFIGURE OUTPUT "${stem}.S" CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT "${stem}.cpp" CONTENT
"#include \"dashboard/assets.h\"

extern \"C\" {
${declarations}}

namespace ${ARG_NAMESPACE} {

const Asset kAssets[] = {
${entries}};

const int kNumAssets = ${index};

}  // namespace ${ARG_NAMESPACE}
" @ONLY)
  set_source_files_properties("${stem}.S" PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE "${stem}.S" "${stem}.cpp")
endfunction()
