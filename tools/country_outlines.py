#!/usr/bin/env python3
"""Turns a shapefile of countries into the outlines that maps are drawn with.

    tools/country_outlines.py COUNTRIES.shp OUT.json

Writes GeoJSON: a feature a country with its `name`, polygons in degrees with
two decimals. Formats: ESRI Shapefile Technical Description (July 1998), types
5 (polygon) and null; dBASE III for the names.
"""
import json
import pathlib
import struct
import sys

POLYGON = 5
HEADER_BYTES = 100


def read_polygons(data):
    """Lists of rings, a list a record; a ring is a list of [lon, lat]."""
    at = HEADER_BYTES
    while at < len(data):
        (words,) = struct.unpack_from(">i", data, at + 4)
        record = data[at + 8 : at + 8 + 2 * words]
        at += 8 + 2 * words
        if struct.unpack_from("<i", record)[0] != POLYGON:
            yield []
            continue
        num_parts, num_points = struct.unpack_from("<2i", record, 36)
        starts = struct.unpack_from(f"<{num_parts}i", record, 44)
        numbers = struct.unpack_from(f"<{2 * num_points}d", record, 44 + 4 * num_parts)
        points = [
            [round(numbers[2 * i], 2), round(numbers[2 * i + 1], 2)]
            for i in range(num_points)
        ]
        ends = [*starts[1:], num_points]
        yield [points[start:end] for start, end in zip(starts, ends)]


def read_names(data, encoding):
    """The field NAME of each record, whatever its case."""
    num_records, header_bytes, record_bytes = struct.unpack_from("<IHH", data, 4)
    at, field_at, place, width = 32, 1, None, 0
    while data[at] != 0x0D:
        name = data[at : at + 11].split(b"\0")[0].decode().lower()
        if name == "name":
            place, width = field_at, data[at + 16]
        field_at += data[at + 16]
        at += 32
    if place is None:
        sys.exit("country_outlines: the table has no field NAME")
    for i in range(num_records):
        start = header_bytes + i * record_bytes + place
        yield data[start : start + width].decode(encoding).strip()


def is_outer(ring):
    """Whether a ring goes round clockwise, as outer ones do here."""
    return sum(
        (b[0] - a[0]) * (b[1] + a[1]) for a, b in zip(ring, ring[1:])
    ) > 0


def polygons_of(rings):
    """Each outer ring with the holes behind it."""
    polygons = []
    for ring in rings:
        if is_outer(ring) or not polygons:
            polygons.append([ring])
        else:
            polygons[-1].append(ring)
    return polygons


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    shapes = pathlib.Path(sys.argv[1])
    encoding = shapes.with_suffix(".cpg").read_text().strip()
    names = read_names(shapes.with_suffix(".dbf").read_bytes(), encoding)
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "MultiPolygon", "coordinates": polygons_of(rings)},
        }
        for name, rings in zip(names, read_polygons(shapes.read_bytes()))
    ]
    text = json.dumps(
        {"type": "FeatureCollection", "features": features},
        separators=(",", ":"),
        ensure_ascii=False,
    )
    pathlib.Path(sys.argv[2]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
