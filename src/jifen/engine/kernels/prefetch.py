"""Ask memory for a place of a column before it is needed: a hint that changes nothing.

Rows of a log concern members at random, whose columns lie far apart; asked for some rows ahead, their values are there
in time. Uncompiled it does nothing.
"""

from typing import Any

from jifen.engine.kernels import is_compiling

__all__ = ["prefetch"]


def prefetch(column: Any, row: int) -> None:
    """Ask for one row of a column, which must be there."""


def _declare() -> Any:
    """Tell the compiler the machine's instruction for it."""
    from numba import extending
    from numba.core import cgutils, types
    from numba.np import arrayobj

    tools: Any = cgutils
    ir = tools.ir
    arrays: Any = arrayobj

    def ask(context: Any, column: Any, row: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            array = arrays.make_array(column)(context, builder, values[0])
            index = context.cast(builder, values[1], row, types.intp)
            place = tools.get_item_pointer(context, builder, column, array, [index], wraparound=False)
            number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
            hint = tools.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), [byte, *[number] * 3]), "llvm.prefetch.p0"
            )
            builder.call(hint, [builder.bitcast(place, byte), number(0), number(3), number(1)])
            return context.get_dummy_value()

        return types.void(column, row), generate

    compiler: Any = extending
    return compiler.intrinsic(ask)


if is_compiling():
    prefetch = _declare()
