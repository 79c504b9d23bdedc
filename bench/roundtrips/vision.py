"""torchvision, timm, ultralytics and scikit-image: models built from configuration."""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from worker import Case

LIBRARIES = ("torchvision", "timm", "ultralytics", "pillow", "scikit-image")
FORMATS = ("pickle", "torch")
TIMM = ("resnet18", "efficientnet_b0", "vit_tiny_patch16_224", "mobilenetv3_small_050", "convnext_atto",
        "swin_tiny_patch4_window7_224", "regnetx_002", "mixer_s32_224")  # fmt: skip
TORCHVISION = ("resnet18", "mobilenet_v2", "vgg11", "densenet121", "efficientnet_b0", "vit_b_32",
               "shufflenet_v2_x0_5", "squeezenet1_0", "googlenet", "convnext_tiny")  # fmt: skip
YOLO = ("yolov8n.yaml", "yolov8n-seg.yaml", "yolov8n-pose.yaml", "yolov8n-cls.yaml", "yolo11n.yaml",
        "yolov5n.yaml", "yolov8n-obb.yaml")  # fmt: skip


def timm_model(name: str) -> Any:
    import timm

    return timm.create_model(name, pretrained=False)


def torchvision_model(name: str) -> Any:
    import torchvision

    return torchvision.models.get_model(name, weights=None)


def detector() -> Any:
    import torchvision

    return torchvision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None
    )


def yolo(name: str) -> Any:
    from ultralytics import YOLO as Model

    return Model(name).model


def yolo_checkpoint() -> Any:
    model = yolo("yolov8n.yaml").half()
    arguments = vars(model.args) if hasattr(model.args, "__dict__") else dict(model.args)
    return {"epoch": -1, "model": model, "ema": None, "train_args": arguments, "date": "2024-01-01"}


def transforms() -> Any:
    from torchvision import transforms as t

    return t.Compose(
        [t.Resize(8), t.RandomHorizontalFlip(), t.ToTensor(), t.Normalize([0.5], [0.5])]
    )


def transforms_v2() -> Any:
    from torchvision.transforms import v2

    return v2.Compose([v2.Resize(8), v2.ToDtype(torch.float32, scale=True), v2.RandomErasing()])


def boxes() -> Any:
    from torchvision import tv_tensors

    return tv_tensors.BoundingBoxes(torch.ones(1, 4), format="XYXY", canvas_size=(4, 4))


def image(mode: str) -> Any:
    from PIL import Image

    return Image.new(mode, (4, 4))


def regions() -> Any:
    import numpy as np
    from skimage import transform

    return (
        transform.AffineTransform(scale=(2, 2)),
        transform.SimilarityTransform(rotation=0.1),
        np.eye(2),
    )


def available(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


CASES: list[Case] = [
    *((f"timm {n}", lambda n=n: timm_model(n)) for n in TIMM if available("timm")),
    *(
        (f"torchvision {n}", lambda n=n: torchvision_model(n))
        for n in TORCHVISION
        if available("torchvision")
    ),
    *((f"ultralytics {n}", lambda n=n: yolo(n)) for n in YOLO if available("ultralytics")),
    ("ultralytics checkpoint", yolo_checkpoint),
    ("torchvision detector", detector),
    ("torchvision transforms", transforms),
    ("torchvision transforms v2", transforms_v2),
    ("torchvision boxes", boxes),
    *((f"PIL image {mode}", lambda mode=mode: image(mode)) for mode in ("RGB", "L", "P")),
    ("skimage transforms", regions),
]
