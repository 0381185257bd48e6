"""Routes of levels."""

from fastapi import APIRouter

router = APIRouter()
