"""The studies: the two seeds' work and ideas, as rows of options."""

from train.losses.segmenter import LOSSES, ONLY_HEAD
from train.studies.study import Study, Variant

IRIS_PHOTOS = "the first seed's photos and iris masks: train/ and val/, each with images/ and masks/"
IRIS_WORDS = "--mask-region iris --layout celeba --regions right_iris+left_iris"
IRIS_COLUMNS = {
    "Dice": "validation.any_region.dice",
    "IoU": "validation.any_region.iou",
    "mean Dice of a photo": "validation.photo_dice",
}
SEED_A_STATED = {"the first seed, as it states": {"Dice": 0.850, "parameters": 31_037_633, "epochs": 100}}
ADAMW = Variant("adamw", "AdamW, 1e-4", "--optimizer adamw --learning-rate 1e-4")
SEED_UNET = "--preset seed-a --width 16 --head sigmoid --augment none"

OPTIMIZERS = Study(
    name="optimizers",
    title="AdamW against SGD",
    about="""The first seed's study, on its own 800 photos and validated on its 200: the same UNet learns irises as
one class with Dice loss, batches of 16 and 100 epochs, once with AdamW and once with SGD. The network is a quarter as
wide as the seed's (16 channels at first instead of 64), for a processor has to do.""",
    data={"celeba_iris": IRIS_PHOTOS},
    common=f"--data {{celeba_iris}} {SEED_UNET} {IRIS_WORDS}",
    rows=(ADAMW, Variant("sgd", "SGD, 1e-2, momentum 0.9", "--optimizer sgd --learning-rate 1e-2 --momentum 0.9")),
    scored_on="celeba_iris",
    columns=IRIS_COLUMNS,
    mask_region="iris",
    reference=SEED_A_STATED,
    shows_loss=True,
)

LITE_IRIS = "--arch unet-lite --head sigmoid --loss dice+bce --augment light"
SEED_A = Study(
    name="seed-a",
    title="Irises: the first seed's network, and one that runs in real time",
    about="""Dice on the first seed's 200 validation photos. Its masks are discs whose radius is a whole number of
pixels, mostly 3 or 4, so that nothing comes near 1. `unet` is the seed's network at a quarter of its width,
`unet-lite` the live one. *All* are the 800 photos and our own with MediaPipe's irises as whole discs, as the seed
drew them.""",
    data={
        "celeba_iris": IRIS_PHOTOS,
        "discs": "our photos, labelled with `python -m train label PHOTOS --layout celeba --whole-irises`",
    },
    common=IRIS_WORDS,
    rows=(
        Variant("unet-800", "unet, width 16, 800 photos", "", run_of=(OPTIMIZERS, ADAMW)),
        Variant(
            "lite-800", "unet-lite, 800 photos", f"--data {{celeba_iris}} {LITE_IRIS} --batch-size 16 --epochs 100"
        ),
        Variant(
            "lite-all",
            "unet-lite, all",
            f"--data {{celeba_iris}} --data {{discs}} {LITE_IRIS} --batch-size 32 --epochs 8",
        ),
        Variant(
            "lite-all-800",
            "unet-lite, all, then the 800 photos",
            f"--data {{celeba_iris}} {LITE_IRIS} --batch-size 16 --epochs 30 --learning-rate 5e-4"
            " --start-from {after}",
            after="lite-all",
        ),
    ),
    scored_on="celeba_iris",
    columns=IRIS_COLUMNS,
    mask_region="iris",
    reference=SEED_A_STATED,
)

RESNET = "--preset seed-b --width 16 --batch-size 8"
SCRATCH = "--encoder-weights none"
SEED_B_CLASS = "--regions eyes+iris+lips --head sigmoid"
SEED_B = Study(
    name="seed-b",
    title="Eyes and lips: the second seed's four ideas",
    about="""The second seed's UNet with a ResNet34 encoder, a quarter as wide (16 channels at first instead of 64),
its optimiser, its 25 epochs and its Dice loss. First eyes and lips in one class with the data's own mean and
deviation; then each idea that the seed left for later, by itself. ImageNet's weights could not be had: the encoders
that are frozen learnt all seven regions from other photos first, so that freezing can be told from learning it all.""",
    data={
        "photos": "label set of photos: `python -m train label PHOTOS`",
        "other": "label set of other photos, for the encoder that is frozen",
    },
    common="--layout tight",
    rows=(
        Variant("seed", "one class", f"--data {{photos}} {RESNET} {SCRATCH} {SEED_B_CLASS}"),
        Variant(
            "imagenet-statistics",
            "ImageNet's mean and deviation",
            f"--data {{photos}} {RESNET} {SCRATCH} {SEED_B_CLASS} --normalize imagenet",
        ),
        Variant(
            "classes",
            "several classes, right and left apart",
            f"--data {{photos}} {RESNET} {SCRATCH} --regions eyes,iris,lips --head sigmoid",
        ),
        Variant(
            "sigmoid",
            "BCE on probabilities (a final sigmoid)",
            f"--data {{photos}} {RESNET} {SCRATCH} {SEED_B_CLASS} --loss bce",
        ),
        Variant(
            "no-sigmoid",
            "BCE on logits (no final sigmoid)",
            f"--data {{photos}} {RESNET} {SCRATCH} {SEED_B_CLASS} --loss bce-logits",
        ),
        Variant(
            "other",
            "seven regions of other photos",
            f"--data {{other}} {RESNET} {SCRATCH} --optimizer adamw --learning-rate 1e-3 --schedule one-cycle"
            " --loss dice+cross-entropy --epochs 3",
        ),
        Variant(
            "trained-encoder",
            "from that one, all of it learns",
            f"--data {{photos}} {RESNET} {SEED_B_CLASS} --start-from {{after}}",
            after="other",
        ),
        Variant(
            "frozen-but-2",
            "from that one, encoder frozen but for its last 2 stages",
            f"--data {{photos}} {RESNET} {SEED_B_CLASS} --start-from {{after}} --freeze-encoder 2",
            after="other",
        ),
        Variant(
            "frozen",
            "from that one, encoder frozen",
            f"--data {{photos}} {RESNET} {SEED_B_CLASS} --start-from {{after}} --freeze-encoder all",
            after="other",
        ),
        Variant(
            "lite",
            "unet-lite, seven regions, AdamW, one cycle",
            "--data {photos} --arch unet-lite --batch-size 8 --epochs 25",
        ),
    ),
    scored_on="photos",
    columns={
        "IoU on people's outlines": "contours.ours.eyes.iou+contours.ours.lips.iou",
        "eyes": "contours.ours.eyes.iou",
        "lips": "contours.ours.lips.iou",
        "IoU, validation": "validation.any_region.iou",
    },
    reference={"the second seed, as it states": {"IoU, validation": 0.22, "epochs": 25}},
    uses_contours=True,
)

LOSS_STUDY = Study(
    name="losses",
    title="Every loss on small regions",
    about="""Irises as one class, on the first seed's photos, where an iris has some fifty pixels: the same network,
order, budget and optimiser, and each loss in turn. A loss that wants independent regions has a sigmoid head, all
others softmax.""",
    data={"celeba_iris": IRIS_PHOTOS},
    common=f"--data {{celeba_iris}} {IRIS_WORDS} --arch unet-lite --batch-size 16 --augment light --epochs 25",
    rows=tuple(Variant(loss, loss, f"--loss {loss} --head {ONLY_HEAD.get(loss, 'softmax')}") for loss in LOSSES),
    scored_on="celeba_iris",
    columns=IRIS_COLUMNS,
    mask_region="iris",
)
WIDTHS = (12, 24, 32)
NETWORKS = Study(
    name="networks",
    title="Networks: what each change of unet-lite costs and brings",
    about="""The live network, then one thing changed at a time: its width, its kernels, attention, a level less, a
block more, where the resolution is made, and how it learns. A small budget for all, so that what learns slowly looks
worse than it is; Dice against outlines that people drew. Milliseconds are medians of one crop on one thread, all
networks taken in turn in one process.""",
    data={"photos": "label set of the varied photos: `python -m train label PHOTOS`"},
    common="--data {photos} --batch-size 8 --epochs 12",
    rows=(
        Variant("lite", "unet-lite, width 16", ""),
        *(Variant(f"width-{width}", f"width {width}", f"--width {width}") for width in WIDTHS),
        Variant("kernel-5", "depthwise 5x5 in the encoder", "--arch unet-lite-kernel-5"),
        Variant("attention", "channel attention, two deepest levels", "--arch unet-lite-attention"),
        Variant("shallow", "a level less", "--arch unet-lite-shallow"),
        Variant("refined", "a second block at half resolution", "--arch unet-lite-refined"),
        Variant("fine-skip", "a thin skip at full resolution", "--arch unet-lite-fine-skip"),
        Variant("bilinear", "bilinear logits, no sub-pixels", "--arch unet-lite-bilinear"),
        Variant("ema", "width 16, mean of the last weights", "--ema 0.99"),
        Variant("taught", "width 16, taught by width 32", "--teacher {after}", after="width-32"),
    ),
    scored_on="photos",
    columns={
        "eyes": "contours.ours.eyes.dice",
        "lips": "contours.ours.lips.dice",
        "validation": "validation.any_region.dice",
    },
    costs={"ms a crop": "p50_ms", "million multiply-adds": "million_macs"},
    uses_contours=True,
)
STUDIES = {study.name: study for study in (OPTIMIZERS, SEED_A, SEED_B, LOSS_STUDY, NETWORKS)}
