import numpy as np

from animeflow.layers.instances import boxes_of, count_parts, label_instances
from animeflow_tests.layers.drawn import clip_of, drawn


def test_two_walkers_keep_their_ids_while_they_are_apart():
    shot = drawn("cross", frames=40)
    clip = clip_of(shot)
    labels = list(label_instances(clip.picture, [shot.alpha[t] for t in clip.firsts]))
    owners = []
    for drawing, labelled in enumerate(labels):
        frame = clip.firsts[drawing]
        alone = [alpha[frame] > 0.9 for alpha in shot.instances]
        if count_parts(shot.alpha[frame] > 0.5, 400) == 2:
            owners.append(tuple(int(np.bincount(labelled[mask]).argmax()) for mask in alone))
    assert all(first != second for first, second in owners)
    assert owners[0] == owners[-1], "who is who is settled by colour when they part"
    assert max(int(labelled.max()) for labelled in labels) <= 3


def test_boxes_hold_their_instance():
    labels = np.zeros((40, 60), np.uint8)
    labels[5:15, 10:30] = 1
    labels[20:35, 40:50] = 2
    first, second = boxes_of(labels)
    assert first == {"instance": 1, "x": 10, "y": 5, "width": 20, "height": 10, "area": 200}
    assert second["instance"] == 2 and boxes_of(np.zeros((4, 4), np.uint8)) == []


def test_small_parts_belong_to_the_nearest_instance():
    alpha = np.zeros((180, 320), np.float32)
    alpha[40:140, 100:150] = 1
    alpha[60:64, 156:160] = 1
    picture = np.zeros((180, 320, 3), np.uint8)
    (labels,) = label_instances(lambda _: picture, [alpha])
    assert labels[62, 158] == labels[90, 120] == 1


def test_parts_are_counted_at_the_scale_of_the_picture():
    mask = np.zeros((360, 640), bool)
    mask[:19, :21] = True
    mask[100:130, 100:130] = True
    assert count_parts(mask, 400) == 1
