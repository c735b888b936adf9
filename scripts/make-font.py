"""Renders the printable ASCII characters of DejaVu Sans for the PNG charts: src/vis/font_data.ts.

Usage: python3 scripts/make-font.py path/to/DejaVuSans.ttf   (needs Pillow)
"""

import base64
import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = 22
# Ink that reaches beyond a character (the hook of J) has room on either side.
MARGIN = 3
font = ImageFont.truetype(sys.argv[1], SIZE)
ascent, descent = font.getmetrics()
chars = [chr(code) for code in range(0x20, 0x7F)]
widths = [round(font.getlength(char)) for char in chars]

strip = Image.new("L", (sum(width + 2 * MARGIN for width in widths), ascent + descent))
draw = ImageDraw.Draw(strip)
left = 0
for char, width in zip(chars, widths):
    draw.text((left + MARGIN, 0), char, font=font, fill=255)
    left += width + 2 * MARGIN
# Sixteen levels are enough for edges and halve the file.
strip = strip.point([min(255, round(v / 17) * 17) for v in range(256)])
png = io.BytesIO()
strip.save(png, "PNG", optimize=True)
text = base64.b64encode(png.getvalue()).decode()
lines = [text[i : i + 90] for i in range(0, len(text), 90)]
body = " +\n  ".join(f"'{line}'" for line in lines)
target = Path(__file__).parent.parent / "src" / "vis" / "font_data.ts"
target.write_text(
    "// Written by scripts/make-font.py. Do not edit.\n\n"
    "/** Width in pixels of the characters 0x20 to 0x7e. */\n"
    f"export const fontWidths: readonly number[] = [{', '.join(map(str, widths))}];\n\n"
    "/** Pixels on either side of a character in `fontPng`, for ink beyond its width. */\n"
    f"export const fontMargin = {MARGIN};\n\n"
    f"/** DejaVu Sans, {SIZE} pixels, as a grey PNG in base64: the characters side by side, white is ink. */\n"
    f"export const fontPng =\n  {body};\n"
)
print(strip.size, len(text))
