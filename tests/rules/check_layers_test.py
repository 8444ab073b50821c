"""tools/check_layers.py on small trees, each with one breach."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "check_layers.py"

SOUND = {
    "CMakeLists.txt": "set(NADIR_ROOMS\n  core\n  raster table)\n"
    "set(NADIR_ROOMS_WITH_TORCH\n  model\n  cli)\n",
    "core/CMakeLists.txt": "nadir_room(core SOURCES log.cpp)",
    "core/log.cpp": '#include "core/log.h"\n#include <spdlog/spdlog.h>\n',
    "core/log.h": "#include <string>\n",
    "raster/CMakeLists.txt": "nadir_room(raster SOURCES tiff.cpp DEPS core)",
    "raster/tiff.cpp": '#include <gdal.h>\n#include "core/log.h"\n',
    "table/CMakeLists.txt": "nadir_room(table SOURCES a.cpp DEPS core)",
    "table/csv.h": "",
    "model/CMakeLists.txt": "nadir_room(model TORCH SOURCES a.cpp DEPS core)",
    "model/vit.h": "#include <torch/nn/module.h>\n",
    "model/vit_config.h": "#include <string>\n",
    "cli/CMakeLists.txt": "nadir_room(cli TORCH SOURCES a.cpp DEPS core model)",
    "cli/main.cpp": '#include "model/vit.h"\n',
}


class CheckLayersTest(unittest.TestCase):
    def check(self, changes):
        """Exit code and output for the sound tree with `changes`."""
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder) / "src"
            for name, text in {**SOUND, **changes}.items():
                path = src / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            result = subprocess.run(
                [sys.executable, TOOL, src], capture_output=True, text=True
            )
        return result.returncode, result.stdout

    def assert_breach(self, changes, where, what):
        code, output = self.check(changes)
        self.assertEqual(code, 1, output)
        self.assertEqual(output.count("\n"), 1, output)
        self.assertIn(where, output)
        self.assertIn(what, output)

    def test_accepts_a_sound_tree(self):
        self.assertEqual(self.check({}), (0, "5 rooms, no breach\n"))

    def test_refuses_a_room_above(self):
        self.assert_breach(
            {"core/log.h": '\n#include "model/vit_config.h"\n'},
            "src/core/log.h:2",
            "core must not include model, which is above it",
        )

    def test_refuses_a_room_of_the_same_level(self):
        self.assert_breach(
            {"raster/tiff.cpp": '#include "table/csv.h"\n'},
            "src/raster/tiff.cpp:1",
            "table, which is of the same level",
        )

    def test_refuses_a_room_that_is_not_linked(self):
        self.assert_breach(
            {"cli/main.cpp": '#include "table/csv.h"\n'},
            "src/cli/main.cpp:1",
            "table is not in the DEPS of room cli",
        )

    def test_refuses_an_unknown_room(self):
        self.assert_breach(
            {"cli/main.cpp": '#include "utils/all.h"\n'},
            "src/cli/main.cpp:1",
            "there is no room utils",
        )

    def test_refuses_libtorch_elsewhere(self):
        self.assert_breach(
            {"table/csv.h": "#include <ATen/ATen.h>\n"},
            "src/table/csv.h:1",
            "room table is without LibTorch",
        )

    def test_refuses_the_whole_of_libtorch(self):
        self.assert_breach(
            {"model/vit.h": "#include <torch/torch.h>\n"},
            "src/model/vit.h:1",
            "takes 24 s",
        )

    def test_refuses_a_mark_that_disagrees_with_the_list(self):
        self.assert_breach(
            {"table/CMakeLists.txt": "nadir_room(table TORCH DEPS core)"},
            "src/table/CMakeLists.txt",
            "marked TORCH, and not listed",
        )

    def test_refuses_a_hidden_library_in_a_header(self):
        self.assert_breach(
            {"raster/tiff.h": "#include <gdal.h>\n"},
            "src/raster/tiff.h:1",
            "GDAL belongs in .cpp files of src/raster/",
        )

    def test_takes_a_hidden_library_in_a_header_private_to_its_room(self):
        header = "// Tags of TIFF. Private to the\n// room.\n#include <gdal.h>\n"
        self.assertEqual(self.check({"raster/tags.h": header})[0], 0)
        self.assertEqual(self.check({"table/tags.h": header})[0], 1)

    def test_refuses_a_hidden_library_in_another_room(self):
        self.assert_breach(
            {"cli/main.cpp": "#include <spdlog/spdlog.h>\n"},
            "src/cli/main.cpp:1",
            "spdlog belongs in .cpp files of src/core/",
        )

    def test_refuses_a_configuration_that_reads_libtorch_by_a_detour(self):
        self.assert_breach(
            {"model/vit_config.h": '#include "model/vit.h"\n'},
            "src/model/vit_config.h:1",
            "vit_config.h > model/vit.h > torch/nn/module.h",
        )


if __name__ == "__main__":
    unittest.main()
