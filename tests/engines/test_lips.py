"""The mouth in a frame: how the line looks on which the lips meet, and which colour its teeth have."""

from dataclasses import replace

import cv2
import numpy as np

from jobs.engines.local.faces.face import FaceFinder, face_frame
from jobs.engines.local.frames import interior, raster, redraw
from jobs.engines.local.frames.lips import MOUTH_MARGIN, Face, Moment
from jobs.engines.local.mouths import mouth, warp
from jobs.engines.local.mouths.warp import Fields
from jobs.engines.local.shapes import F64, FaceFrame, MouthPose, Planes
from tests.engines import clips

DARKER = 0.30  # of the light, at most: a darker line reads as a gap


def test_lips_that_were_parted_meet_in_a_faint_shadow() -> None:
    """As dark as it gets, for lips wide open in the picture; none is needed where the picture has its own."""
    planes, (own, closed) = _portrait(), (_closed(0.0), _closed(0.1))
    before, after = (_light_on_the_line(planes, moment) for moment in (own, closed))
    share = (after - raster.LUMA_ZERO) / (before - raster.LUMA_ZERO)
    assert share.min() > 1 - DARKER
    assert share.mean() < 0.97


def test_bits_of_the_line_between_closed_lips_do_not_hang_on_the_upper_one() -> None:
    """Drawn as a dark row of bits, an eightieth of S high: once the lips part, most of it is out of sight."""
    closed = _closed(0.0)
    frame, lips = closed.face.frame, closed.shape.lips
    picture = raster.to_bgr(_portrait())
    height = round(frame.scale / 80)
    for x, y in frame.to_pixels(raster.dense(lips.upper_inner)[15:46:3]).round().astype(int):
        cv2.rectangle(picture, (int(x) - 1, int(y) - height), (int(x) + 1, int(y)), (0, 0, 0), -1)
    uneven = raster.to_planes(picture)
    assert (_portrait().luma.astype(int) - uneven.luma > 15).sum() > 50
    assert _darker(_portrait(), uneven, _mouth(MouthPose(opening=0.5))) < 30  # of 86


def test_skin_that_does_not_move_is_left_as_it_is() -> None:
    """Only round the lips is all of it drawn."""
    planes, moment = _portrait(), _closed(0.0)
    nothing = np.zeros_like(moment.fields.upper)
    drawn = redraw.redraw(planes, replace(moment, fields=Fields(nothing, nothing)), _grid(planes, moment.face.frame))
    y, x = np.nonzero(drawn.luma != planes.luma)
    at, lips = moment.face.frame.to_face(np.stack([x, y], 1).astype(np.float64)), moment.shape.lips
    margin = MOUTH_MARGIN + 2 * warp.CELL
    assert np.abs(at[:, 0] - moment.face.rest.centre_x).max() < moment.shape.half_width + margin
    assert at[:, 1].min() > lips.upper_outer[:, 1].min() - margin
    assert at[:, 1].max() < lips.lower_outer[:, 1].max() + margin


def test_under_yellow_varnish_teeth_are_yellow_and_in_red_light_they_stay_teeth() -> None:
    as_is, varnished, red = (_tooth(np.array(filtered)) for filtered in ((1, 1, 1), (0.45, 0.88, 1), (0.6, 0.6, 1)))
    assert varnished[0] / varnished[1] < 0.8 * as_is[0] / as_is[1]
    assert red[2] / red[1] < 1.35 * as_is[2] / as_is[1]


def _tooth(light: F64) -> F64:
    """BGR of the bundled face's teeth in light of a colour."""
    picture = np.asarray(raster.to_bgr(_portrait()) * light, np.uint8)
    (points,) = FaceFinder().find(raster.to_bgr(_portrait()))
    frame = face_frame(points)
    tooth = interior.learn(picture, points, frame, mouth.at_rest(frame.to_face(points))).palette.tooth
    return np.asarray(tooth, np.float64)


def _portrait() -> Planes:
    return raster.to_planes(clips.placed(clips.portrait(), width=480, height=600))


def _grid(planes: Planes, frame: FaceFrame) -> warp.Grid:
    grid = warp.Grid.around(frame, planes.width, planes.height)
    assert grid is not None
    return grid


def _closed(parted: float) -> Moment:
    """The bundled face's closed mouth, as if its lips had been so far apart in the picture."""
    moment = _mouth(MouthPose())
    return replace(moment, face=replace(moment.face, parted=parted))


def _mouth(pose: MouthPose) -> Moment:
    """The bundled face's mouth in a pose."""
    planes = _portrait()
    picture = raster.to_bgr(planes)
    (points,) = FaceFinder().find(picture)
    frame = face_frame(points)
    measured = frame.to_face(points)
    rest = mouth.at_rest(measured)
    mover = warp.MouthWarp(_grid(planes, frame), frame, measured, rest.seen, rest.seen.jaw, rest)
    known = interior.learn(picture, points, frame, rest)
    face = Face(frame, rest, known, rest.gap, mover.block, mover.nodes, mover.reach)
    shape = mouth.shape(rest, pose)
    return Moment(face, shape, mover.fields(shape))


def _darker(one: Planes, other: Planes, moment: Moment) -> int:
    """How many pixels are surely darker in the other's drawn frame."""
    grid = _grid(one, moment.face.frame)
    before, after = (redraw.redraw(planes, moment, grid).luma.astype(int) for planes in (one, other))
    return int((before - after > 15).sum())


def _light_on_the_line(planes: Planes, moment: Moment) -> F64:
    frame = moment.face.frame
    drawn = redraw.redraw(planes, moment, _grid(planes, frame))
    x, y = frame.to_pixels(moment.shape.lips.upper_inner[3:8]).round().astype(int).T
    return np.asarray(drawn.luma[y, x], np.float64)
