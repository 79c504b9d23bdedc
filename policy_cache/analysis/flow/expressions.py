"""What each kind of expression may stand for, and what evaluating it does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from policy_cache.analysis.flow.arguments import call_of
from policy_cache.analysis.flow.calls import Calls
from policy_cache.analysis.flow.objects import modules_named, prefixed
from policy_cache.analysis.flow.tables import CALLABLE, OPERATORS, TEXTS
from policy_cache.analysis.values import (
    DATA,
    GLOBAL,
    NAMESPACE,
    NESTED,
    NOT_KNOWN,
    NOTHING,
    PARAMETER,
    SELF,
    TEXT,
    Atom,
    Value,
    join,
    one,
    taken_out,
)
from policy_cache.source.hierarchy import in_class_scope, member
from policy_cache.source.resolve import attribute

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Expressions(Calls):
    """A walk that evaluates expressions."""

    def eval(self, node: ast.expr) -> Value:
        """Return what an expression may stand for, noting what evaluating it does."""
        handler = _EXPRESSIONS.get(type(node))
        if handler is not None:
            return handler(self, node)
        children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
        return join(*[self.eval(child) for child in children])

    def _display(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        return join(*[self.eval(element) for element in node.elts])

    def _either(self, node: ast.BoolOp) -> Value:
        return join(*[self.eval(value) for value in node.values])

    def _constant(self, node: ast.Constant) -> Value:
        text = node.value
        if type(text) is str and len(text) < 60 and (text.isidentifier() or "." in text):
            return one(Atom(TEXT, text=text))
        return NOTHING

    def _name(self, node: ast.Name) -> Value:
        self.reading.add(node.id)
        if self.frames or self.lazy:
            self.later.add(node.id)
        found = self.env.get(node.id)
        if found is not None:
            return found
        if node.id in self.shape.local:
            return NOTHING
        if self.scope is not None:
            thing = in_class_scope(node, self.scope) or attribute(self.scope, node.id)
            own = attribute(self.scope, node.id)
            if own is not None:
                return self.statics.value_of(own)
            if thing is not None:
                return self.statics.value_of(thing)
        return self.statics.named(self.source, node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        return self._get(node, self.eval(node.value), node.attr)

    def _subscript(self, node: ast.Subscript) -> Value:
        holder = self.eval(node.value)
        index = self.eval(node.slice)
        found = self._run_implicit(node, holder, ("__getitem__", "__missing__"), index)
        self._looks_up(index, "__index__")
        found = join(found, Value(self._as_data(holder).tainted))
        found = join(found, modules_named(holder, index))
        for atom in holder.of(GLOBAL):
            if atom.thing is not None and atom.thing.kind == "class":
                method = member(atom.thing, "__class_getitem__")
                if method is not None and method[1].kind == "function":
                    call = call_of(node, index)
                    self._follow(method[1], atom.thing, call, bound=True, held=False)
        for atom in holder.of(NAMESPACE):
            found = join(found, self._item_of_namespace(node, atom, index))
        kept = Value(
            holder.carries,
            frozenset(a for a in holder.atoms if a.kind not in (NAMESPACE, SELF, PARAMETER)),
        )
        kept = taken_out(kept)
        if holder.of(PARAMETER) and not kept.tainted:
            kept = join(kept, NOT_KNOWN)
        return join(kept, found)

    def _dict(self, node: ast.Dict) -> Value:
        values = [self.eval(part) for part in (*filter(None, node.keys), *node.values)]
        for key, part in zip(node.keys, node.values, strict=True):
            if key is None:  # ``{**value}``
                self._looks_up(self.eval(part), "keys")
        return join(*values)

    def _lambda(self, node: ast.Lambda) -> Value:
        self._nested_body(node, node.args, [node.body])
        return one(Atom(NESTED, text=str(id(node))))

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        self.loops += 1
        self.lazy += isinstance(node, ast.GeneratorExp)
        for generator in node.generators:
            self._store(generator.target, self._iterate(node, self.eval(generator.iter)), None)
            for condition in generator.ifs:
                self.eval(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        found = join(*[self.eval(part) for part in parts])
        self.lazy -= isinstance(node, ast.GeneratorExp)
        self.loops -= 1
        return found

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.eval(node.value)
        self._store(node.target, value, None)
        return value

    def _conditional(self, node: ast.IfExp) -> Value:
        self.eval(node.test)
        return join(self.eval(node.body), self.eval(node.orelse))

    def _compare(self, node: ast.Compare) -> Value:
        left = self.eval(node.left)
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.eval(comparator)
            self._operate(node, type(operator), left, right, "")
            left = right
        return NOTHING

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.eval(node.left), self.eval(node.right)
        texts = [
            a.text + b.text
            for a in left.of(TEXT)
            for b in right.of(TEXT)
            if isinstance(node.op, ast.Add)
        ]
        given = self._operate(node, type(node.op), left, right, "r")
        if isinstance(node.op, ast.Mod) and _may_be_text(node.left):
            self._run_implicit(node, right, TEXTS)
        if isinstance(node.op, ast.Add) and right.carries and left.of(TEXT) and not left.carries:
            return join(given, prefixed(atom.text for atom in left.of(TEXT)))
        if texts and len(texts) < 20:
            folded = [one(Atom(TEXT, text=text)) for text in texts]
            return join(Value(left.carries or right.carries), *folded)
        plain = Value(left.carries or right.carries)
        kept = join(left, right).only(*CALLABLE)
        return join(plain, given, Value(False, kept.atoms))

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.eval(node.operand)
        given = self._operate(node, type(node.op), value, NOTHING, "")
        return NOTHING if isinstance(node.op, ast.Not) else join(Value(value.carries), given)

    def _operate(
        self, node: ast.AST, operator: type[ast.AST], left: Value, right: Value, other: str
    ) -> Value:
        """Run the methods behind an operator, where operands are objects of known classes."""
        name = OPERATORS.get(operator)
        if name is None:
            return NOTHING
        names = (f"__{name}__", f"__{other}{name}__")
        given = self._run_implicit(node, left, names, right)
        return join(given, self._run_implicit(node, right, names, left))

    def _joined(self, node: ast.JoinedStr) -> Value:
        values = [self.eval(part) for part in node.values]
        carries = any(value.carries for value in values)
        first = node.values[0] if node.values else None
        if carries and isinstance(first, ast.Constant) and isinstance(first.value, str):
            return prefixed([first.value])
        return Value(carries)

    def _formatted(self, node: ast.FormattedValue) -> Value:
        value = self.eval(node.value)
        self._run_implicit(node, value, ("__format__", "__str__", "__repr__"))
        if node.format_spec is not None:
            self.eval(node.format_spec)
        return value

    def _await(self, node: ast.Await) -> Value:
        value = self.eval(node.value)
        return join(value, self._run_implicit(node, value, ("__await__",)))

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            self._give(self.eval(node.value))
        return DATA if self.tokens else NOTHING


def _may_be_text(node: ast.expr) -> bool:
    """Tell whether ``node % values`` makes a text."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    )


_EXPRESSIONS: dict[type, Callable[[Expressions, Any], Value]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.Call: Expressions._call,
    ast.Dict: Expressions._dict,
    ast.Tuple: Expressions._display,
    ast.List: Expressions._display,
    ast.Set: Expressions._display,
    ast.BoolOp: Expressions._either,
    ast.Lambda: Expressions._lambda,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.NamedExpr: Expressions._walrus,
    ast.IfExp: Expressions._conditional,
    ast.Compare: Expressions._compare,
    ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary,
    ast.JoinedStr: Expressions._joined,
    ast.FormattedValue: Expressions._formatted,
    ast.Await: Expressions._await,
    ast.Yield: Expressions._yield,
    ast.YieldFrom: Expressions._yield,
}
