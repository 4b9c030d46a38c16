"""The faces of all systems."""

from typing import Final

from services.api.dialects.altostrat.face import FACE as ALTOSTRAT
from services.api.dialects.face import Face
from services.api.dialects.sixtyfour.face import FACE as SIXTYFOUR
from services.api.dialects.thena.face import FACE as THENA
from services.api.dialects.transactionlink.face import FACE as TRANSACTIONLINK
from services.api.dialects.truto.face import FACE as TRUTO

FACES: Final[tuple[Face, ...]] = (TRUTO, ALTOSTRAT, SIXTYFOUR, THENA, TRANSACTIONLINK)
