"""A group of columns by reference: kernels that hand many columns on to one another pass one pointer.

A tuple of a hundred arrays, passed by value, is a function of some hundreds of parameters: minutes for the compiler.
``by_reference`` keeps the tuple in the caller's frame; its fields are read as before, those that are groups themselves
by reference too. Uncompiled it is the tuple itself. Nothing may keep the reference after the caller has returned.
"""

from typing import Any, TypeVar

from jifen.engine.kernels import is_compiling

__all__ = ["by_reference"]

_Group = TypeVar("_Group")


def by_reference(group: _Group) -> _Group:
    """The group itself, by reference where kernels are compiled."""
    return group


def _declare() -> Any:
    """Tell the compiler what a reference is, and how its fields are read."""
    from numba import extending
    from numba.core import cgutils, types
    from numba.core.typing.templates import AttributeTemplate

    compiler: Any = extending
    tools: Any = cgutils

    class Reference(types.Type):
        """A pointer to a tuple with names."""

        def __init__(self, group: Any) -> None:
            self.group = group
            super().__init__(name=f"Reference({group})")

        def field(self, name: str) -> tuple[int, Any]:
            """The place of a field, and its type as it is read."""
            place = self.group.fields.index(name)
            kind = tuple(self.group)[place]
            return place, Reference(kind) if isinstance(kind, types.BaseNamedTuple) else kind

    def model(manager: Any, kind: Any) -> Any:
        return compiler.models.PrimitiveModel(manager, kind, manager.lookup(kind.group).get_value_type().as_pointer())

    class Fields(AttributeTemplate):
        key = Reference

        def generic_resolve(self, kind: Any, name: str) -> Any:  # type: ignore[override]
            return kind.field(name)[1] if name in kind.group.fields else None

    def read(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
        place, found = kind.field(name)
        pointer = tools.gep_inbounds(builder, value, 0, place)
        return pointer if isinstance(found, Reference) else builder.load(pointer)

    def refer(context: Any, group: Any) -> Any:
        def keep(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return tools.alloca_once_value(builder, values[0])

        return Reference(group)(group), keep

    compiler.register_model(Reference)(model)
    compiler.infer_getattr(Fields)
    compiler.lower_getattr_generic(Reference)(read)
    return compiler.intrinsic(refer)


if is_compiling():
    by_reference = _declare()
