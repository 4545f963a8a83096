"""Add a column `Turned` to a table of labels: whether a face looks to the right of its picture.

    pip install mediapipe==0.10.14
    python benchmarks/label_turns.py faces/ faces.csv turned.csv

MediaPipe (Apache-2.0) finds where eyes and nose are. A face that looks straight at the camera has
its nose below the middle of the line between the eyes' outer corners; the table is halved at the
usual place. Faces in which it finds nothing are left out.
"""

import csv
from pathlib import Path

import click
import cv2
import mediapipe
import numpy as np
from tqdm import tqdm

# Outer corners of the eyes, and the tip of the nose, in MediaPipe's mesh of a face.
LEFT, RIGHT, NOSE = 33, 263, 1
# Small faces are found enlarged, and with room around them.
ENLARGED, ROOM = 4, 80


def turn(finder: mediapipe.solutions.face_mesh.FaceMesh, picture: np.ndarray) -> float | None:
    """How far the nose of a face in `(H, W, 3)` uint8 RGB is to the right, in distances of eyes."""
    large = cv2.resize(picture, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    large = cv2.copyMakeBorder(large, ROOM, ROOM, ROOM, ROOM, cv2.BORDER_REPLICATE)
    found = finder.process(large).multi_face_landmarks
    if not found:
        return None
    height, width = large.shape[:2]
    places = [found[0].landmark[number] for number in (LEFT, RIGHT, NOSE)]
    left, right, nose = (np.array([place.x * width, place.y * height]) for place in places)
    across = right - left
    return float((nose - (left + right) / 2) @ across / (across @ across))


@click.command()
@click.argument("faces", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("labels", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def main(faces: Path, labels: Path, target: Path) -> None:
    """Write the table LABELS of the pictures in FACES to TARGET, with one column more."""
    with labels.open(newline="", encoding="utf-8-sig") as file:
        columns, *rows = csv.reader(file)
    finder = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, min_detection_confidence=0.3
    )
    turns = []
    for row in tqdm(rows):
        picture = cv2.imread(str(faces / row[0]))
        turns.append(None if picture is None else turn(finder, picture[..., ::-1].copy()))
    usual = np.median([each for each in turns if each is not None])
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "Turned"])
        writer.writerows(
            [*row, int(each > usual)]
            for row, each in zip(rows, turns, strict=True)
            if each is not None
        )


if __name__ == "__main__":
    main()
