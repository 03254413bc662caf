"""Table: which of mediapipe's 478 face points are what. "Left" and "right" are the picture's."""

# Lip lines, corner to corner, eleven points each, the philtrum in the middle.
UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
LIPS = tuple(sorted({*UPPER_OUTER, *UPPER_INNER, *LOWER_INNER, *LOWER_OUTER}))

LEFT_EYE_OUTER, RIGHT_EYE_OUTER = 33, 263
FOREHEAD, CHIN, SUBNASALE = 10, 152, 2

STEADY = (1, LEFT_EYE_OUTER, RIGHT_EYE_OUTER)  # nose and eyes: what moves only with the head

FACE_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)

# Skin that moves with the jaw.
UNDER_LIP = (43, 106, 182, 83, 18, 313, 406, 335, 273)
CHIN_PAD = (204, 194, 201, 200, 421, 418, 424, 211, 431, 32, 262, 208, 428, 199, 175, 171, 396)
JAW_LINE = {  # point: how much of the jaw's movement it takes part in
    **{172: 0.35, 136: 0.55, 150: 0.72, 149: 0.85, 176: 0.93, 148: 0.98, 152: 1.0},
    **{377: 0.98, 400: 0.93, 378: 0.85, 379: 0.72, 365: 0.55, 397: 0.35},
}
CHEEKS = {
    **{202: 0.75, 422: 0.75, 212: 0.45, 432: 0.45, 57: 0.18, 287: 0.18, 186: 0.05, 410: 0.05, 216: 0.15, 436: 0.15},
    **{207: 0.2, 427: 0.2, 214: 0.45, 434: 0.45, 210: 0.6, 430: 0.6, 135: 0.65, 364: 0.65, 192: 0.3, 416: 0.3},
}

# Skin that moves with the upper lip, and skin that stays.
UNDER_NOSE = {164: 0.35, 167: 0.35, 393: 0.35, 165: 0.2, 391: 0.2, 92: 0.2, 322: 0.2}
MIDFACE = (2, 97, 326, 98, 327, 206, 426, 205, 425, 203, 423, 36, 266, 50, 280, 1, 4, 129, 358)
FACE_SIDES = (187, 411, 147, 376, 123, 352, 58, 288, 132, 361)

# Where the colours of skin and lip are read.
SKIN_SAMPLES = (50, 280, 205, 425, 199, 164)
LIP_SAMPLES = (84, 17, 314, 16, 15, 315, 85)

# Eyes: upper lid, lower lid, corners (outer, inner), crease over the lid, brow, iris (centre, then its rim).
LEFT_EYE = {
    "upper": (246, 161, 160, 159, 158, 157, 173),
    "lower": (7, 163, 144, 145, 153, 154, 155),
    "corners": (33, 133),
    "crease": (247, 30, 29, 27, 28, 56, 190),
    "brow": (70, 63, 105, 66, 107),
    "iris": (468, 469, 470, 471, 472),
}
RIGHT_EYE = {
    "upper": (466, 388, 387, 386, 385, 384, 398),
    "lower": (249, 390, 373, 374, 380, 381, 382),
    "corners": (263, 362),
    "crease": (467, 260, 259, 257, 258, 286, 414),
    "brow": (300, 293, 334, 296, 336),
    "iris": (473, 474, 475, 476, 477),
}
EYES = (LEFT_EYE, RIGHT_EYE)
