"""The walk through one function body, statement by statement, until nothing changes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from policy_cache.analysis.flow.arguments import call_of
from policy_cache.analysis.flow.definitions import (
    as_load,
    class_of,
    is_followed,
    parameters,
    registered,
    wrapping_parameters,
)
from policy_cache.analysis.flow.expressions import Expressions
from policy_cache.analysis.flow.frame import Done
from policy_cache.analysis.flow.statics import assignments
from policy_cache.analysis.flow.summary import Summary
from policy_cache.analysis.flow.tables import (
    ASKING_DECORATORS,
    DISPATCHERS,
    EVERYTHING,
    FUNCTION,
    PASSED,
    PLAIN_DECORATORS,
)
from policy_cache.analysis.values import (
    DATA,
    GLOBAL,
    MADE,
    NAMESPACE,
    NESTED,
    NOTHING,
    PARAMETER,
    SELF,
    SUPER,
    TEXT,
    UNKNOWN,
    WRAPPED,
    Atom,
    Value,
    join,
    one,
)
from policy_cache.source.hierarchy import member
from policy_cache.source.resolve import Thing, resolve
from policy_cache.source.syntax import absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_MOST_ROUNDS = 8


class Walk(Expressions):
    """The walk through one function body, or through an expression of a module or class body."""

    def run(self) -> Summary:
        assert self.node is not None
        self._enter_parameters()
        for _ in range(_MOST_ROUNDS):
            before = self.clock, len(self.tokens)
            for statement in self.node.body:
                self._statement(statement)
            if before == (self.clock, len(self.tokens)):
                break
            self.again = True
        else:
            self.unproven[f"{self.function.where} does not settle"] = None
        self._follow_decorators()
        return Summary(
            tuple(self.hits.values()),
            frozenset(self.calls),
            frozenset(self.constructs),
            tuple(self.unproven),
            frozenset(self.files),
            self._outward(self.returned.get(0, NOTHING)),
            frozenset(token for token in self.tokens if token.startswith("self.")),
            frozenset(self.wraps),
            frozenset(self.methods),
            frozenset(self.near),
            self._outward(join(*(v for frame, v in self.returned.items() if frame))),
        )

    def _outward(self, value: Value) -> Value:
        """Return a returned value as the caller sees it."""
        atoms = set()
        for atom in value.atoms:
            if atom.kind == NESTED:
                atoms.add(Atom(MADE, self.function, self.owner, "", bool(self.tokens)))
            elif atom.kind not in (SUPER, NAMESPACE):
                atoms.add(atom)
        return Value(value.tainted, frozenset(atoms))

    def _enter_parameters(self) -> None:
        assert self.node is not None
        arguments = self.node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        for argument in every:
            held = argument.arg in self.tokens
            self.env[argument.arg] = one(Atom(PARAMETER, text=argument.arg, held=held))
        if self.self_name:
            self.env[self.self_name] = one(Atom(SELF))
        if self.class_name and self.owner is not None:
            self.env[self.class_name] = one(Atom(GLOBAL, self.owner))
        for name, atom in self.given:
            self._bind(name, one(atom))
        self._enter_defaults(arguments)

    def _enter_defaults(self, arguments: ast.arguments) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        for argument, default in zip(
            reversed(positional), reversed(arguments.defaults), strict=False
        ):
            self._bind(argument.arg, self._default(default))
        for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword is not None:
                self._bind(argument.arg, self._default(keyword))

    def _default(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Constant):
            return NOTHING
        return self.statics.evaluate(node, self.source, self.defining)

    def _follow_decorators(self) -> None:
        """Follow what decorators put around the function; its own body is followed already."""
        assert self.node is not None
        for decorator in self.node.decorator_list:
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(made, ast.Attribute) and made.attr in ("setter", "getter", "deleter"):
                continue
            value = self.statics.evaluate(made, self.source, self.defining)
            for atom in value.of(GLOBAL, UNKNOWN):
                self._follow_decorator(decorator, atom)

    def _follow_decorator(self, node: ast.expr, atom: Atom) -> None:
        thing = atom.thing
        if thing is None or thing.kind == "value":
            # Where its expression is a known function, that is among the decorators as well.
            if thing is None or not self.statics.of(thing, None).of(GLOBAL):
                self._doubt(node, f"is decorated with {ast.unparse(node)}")
        elif thing.key in DISPATCHERS:
            self._follow_registered(node)
        elif thing.key in PLAIN_DECORATORS:
            return
        elif thing.key in ASKING_DECORATORS:
            self._ask_first(node, ASKING_DECORATORS[thing.key])
        elif thing.kind == "function" and is_followed(thing):
            made = isinstance(node, ast.Call)
            firsts = wrapping_parameters(thing) if made else parameters(thing, False)[:1]
            named = frozenset((name, Atom(WRAPPED)) for name in firsts)
            below = self._below(thing, class_of(thing), frozenset(), named)
            self._merge(node, below)
            self._follow_wrapped(node, thing, below)
        elif thing.kind == "class" and is_followed(thing):
            self._follow_decorating_class(node, thing)

    def _follow_decorating_class(self, node: ast.expr, cls: Thing) -> None:
        """Follow a class that takes the function's place, or makes what does: ``@cls(...)``."""
        methods = {
            name: found[1]
            for name in ("__init__", "__call__", "__get__")
            if (found := member(cls, name)) is not None
            and found[1].kind == "function"
            and is_followed(found[1])
        }
        taker = methods.pop("__call__" if isinstance(node, ast.Call) else "__init__", None)
        kept: frozenset[tuple[str, Atom]] = frozenset()
        if taker is not None:
            firsts = parameters(taker, True)[:1]
            named = frozenset((name, Atom(WRAPPED)) for name in firsts)
            below = self._below(taker, cls, frozenset(), named)
            self._merge(node, below)
            self._follow_wrapped(node, taker, below)
            kept = frozenset(
                (f"self.{attribute}", Atom(WRAPPED))
                for attribute, value in assignments(taker.node)
                if isinstance(value, ast.Name) and value.id in firsts
            )
        for name, method in methods.items():
            if name != "__init__":
                below = self._below(method, cls, frozenset(parameters(method, True)), kept)
                self._merge(node, below)
                self._follow_wrapped(node, method, below)

    def _follow_wrapped(self, node: ast.expr, decorator: Thing, below: Summary) -> None:
        """Follow the function once more with what a decorator hands it beside its arguments."""
        assert self.node is not None
        positional = [a.arg for a in [*self.node.args.posonlyargs, *self.node.args.args]]
        given: set[tuple[str, Atom]] = set()
        for where, atom in below.wraps:
            name = where
            if where.isdigit():
                name = dict(enumerate(positional)).get(int(where), "")
            name = name if name in parameters(self.function, False) else self._rest(where)
            known = atom.kind != PARAMETER
            handed = [atom] if known else self._decorating(node, decorator, atom.text)
            given |= {(name, each) for each in handed if name}
        if given - self.given:
            again = frozenset(given | self.given)
            tokens = frozenset(self.tokens)
            self._merge(node, self._below(self.function, self.owner, tokens, again))

    def _rest(self, where: str) -> str:
        """Return the parameter that takes what no other one does."""
        assert self.node is not None
        rest = self.node.args.vararg if where.isdigit() else self.node.args.kwarg
        return rest.arg if rest is not None else ""

    def _decorating(self, node: ast.expr, decorator: Thing, parameter: str) -> list[Atom]:
        """Return what a decorator with arguments is given for one of its parameters."""
        if not isinstance(node, ast.Call):
            return []
        names = parameters(decorator, False)
        passed = dict(zip(names, node.args, strict=False))
        passed.update({k.arg: k.value for k in node.keywords if k.arg is not None})
        if parameter not in passed:
            return []
        value = self.statics.evaluate(passed[parameter], self.source, self.defining)
        return value.of(*PASSED)

    def _follow_registered(self, node: ast.expr) -> None:
        """Follow the functions of the module that are registered for this one."""
        assert self.node is not None
        given = frozenset(self.tokens)
        for function in registered(self.source, self.node.name):
            name = f"{self.function.name.rpartition('.')[0]}.{function.name}".lstrip(".")
            thing = Thing("function", self.function.module, name, self.source, function)
            every = frozenset(parameters(thing, self.owner is not None))
            tokens = given | every if given else given
            self._merge(node, self._below(thing, self.owner, tokens, frozenset()))
        if given:
            self._doubt(node, f"others may be registered for {self.node.name}")

    def _ask_first(self, node: ast.expr, asked: str) -> None:
        """Handle a decorator whose argument picks those of the function that have a say in it."""
        given = [token for token in self.tokens if not token.startswith("self.")]
        found = {f"{name}.{asked}" for name in given}
        self.methods |= found
        self.near |= found
        for part in node.args[:1] if isinstance(node, ast.Call) and given else ():
            picker = self.statics.evaluate(part, self.source, self.defining)
            self._call_with_anything(node, picker)

    def _statement(self, node: ast.AST) -> None:
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            if isinstance(node, _SIMPLE):
                self._once(node, handler)
            else:
                handler(self, node)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._once(child, Walk.eval)
            else:
                self._statement(child)

    def _once(self, node: ast.AST, handler: Callable[[Walk, Any], object]) -> None:
        """Walk a part of the body, in later rounds only if what it reads has changed."""
        done = self.done.get(node)
        if (
            done is not None
            and done.tokens == len(self.tokens)
            and done.clock >= self.returned_at
            and (done.clock == self.clock or self._unchanged(done))
        ):
            return
        around, self.reading = self.reading, set()
        clock, tokens = self.clock, len(self.tokens)
        handler(self, node)
        self.done[node] = Done(self.reading, clock, tokens)
        self.reading |= around

    def _unchanged(self, done: Done) -> bool:
        """Tell whether what a part read stands for no more than it did then."""
        changed = self.changed
        if changed.get(EVERYTHING, 0) <= done.clock:
            return True
        return all(changed.get(name, 0) <= done.clock for name in done.read)

    def _expression(self, node: ast.Expr) -> None:
        self._once(node.value, Walk.eval)

    def _if(self, node: ast.If) -> None:
        self._once(node.test, Walk.eval)
        for statement in node.body:
            self._statement(statement)
        for statement in node.orelse:
            self._statement(statement)

    def _assign(self, node: ast.Assign) -> None:
        value = self.eval(node.value)
        for target in node.targets:
            self._store(target, value, node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._store(node.target, self.eval(node.value), node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.eval(node.value)
        loaded = self.eval(as_load(node.target))
        self._operate(node, type(node.op), loaded, value, "i")
        self._store(node.target, join(loaded, value), node.value)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.loops += 1
        self._once(node, Walk._for_items)
        for statement in node.body:
            self._statement(statement)
        self.loops -= 1
        for statement in node.orelse:
            self._statement(statement)

    def _while(self, node: ast.While) -> None:
        self.loops += 1
        self._once(node.test, Walk.eval)
        for statement in node.body:
            self._statement(statement)
        self.loops -= 1
        for statement in node.orelse:
            self._statement(statement)

    def _for_items(self, node: ast.For | ast.AsyncFor) -> None:
        self._store(node.target, self._iterate(node, self.eval(node.iter)), None)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        self._once(node, Walk._with_items)
        for statement in node.body:
            self._statement(statement)

    def _with_items(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.eval(item.context_expr)
            names = ("__enter__", "__exit__", "__aenter__", "__aexit__")
            entered = self._run_implicit(node, value, names)
            if item.optional_vars is not None:
                self._store(item.optional_vars, join(value, entered), None)

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, DATA if self.tokens else NOTHING)
        if node.type is not None:
            self.eval(node.type)
        for statement in node.body:
            self._statement(statement)

    def _match(self, node: ast.Match) -> None:
        subject = self.eval(node.subject)
        for part in ast.walk(node):
            if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                self._bind(part.name, subject)
            elif isinstance(part, ast.MatchMapping) and part.rest:
                self._bind(part.rest, subject)
            elif isinstance(part, ast.MatchClass):
                self._match_positions(part, subject)
                for name, pattern in zip(part.kwd_attrs, part.kwd_patterns, strict=True):
                    found = self._get(part, subject, name)
                    if isinstance(pattern, ast.MatchAs) and pattern.name:
                        self._bind(pattern.name, found)
        for case in node.cases:
            if case.guard is not None:
                self.eval(case.guard)
            for statement in case.body:
                self._statement(statement)

    def _match_positions(self, node: ast.MatchClass, subject: Value) -> None:
        """Look up what positions of a class pattern stand for: its ``__match_args__``."""
        classes = self.eval(node.cls)
        looks = Thing("external", "builtins", "isinstance")
        self._ask_class(node, looks, call_of(node, subject, classes))
        for atom in classes.of(GLOBAL) if node.patterns else ():
            if atom.thing is not None and atom.thing.kind == "class":
                texts = self.statics.attribute_of(atom.thing, "__match_args__").of(TEXT)
                found = [self._get(node, subject, text.text) for text in texts]
                for part in node.patterns:
                    if isinstance(part, ast.MatchAs) and part.name:
                        self._bind(part.name, join(*found))

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self._give(self.eval(node.value))

    def _nested_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        value = one(Atom(NESTED, text=str(id(node))))
        for decorator in node.decorator_list:
            found = self.eval(decorator)
            self._call_given(node, found, value)
            if not self._shows_another(decorator):
                value = join(value, found)
        self._bind(node.name, value)
        self._nested_body(node, node.args, node.body)

    def _shows_another(self, decorator: ast.expr) -> bool:
        """Tell whether ``functools.wraps`` makes a function look like what was handed for it.

        It gives the function itself. What was handed is a parameter of the function around it, and
        counts where that is called.
        """
        if not isinstance(decorator, ast.Call) or len(decorator.args) != 1 or decorator.keywords:
            return False
        name = decorator.args[0]
        maker = self.eval(decorator.func)
        keys = [atom.thing.key for atom in maker.of(GLOBAL) if atom.thing is not None]
        around = self.taken[-1] if self.taken else set()
        return keys == ["functools:wraps"] and isinstance(name, ast.Name) and name.id in around

    def _nested_body(
        self, node: ast.AST, arguments: ast.arguments, body: Iterable[ast.AST]
    ) -> None:
        first = [*arguments.posonlyargs, *arguments.args][:1]
        given = {name for name, _ in self.given}
        given.difference_update(parameters(self.function, False) if given else ())
        wrapped = [a for a in first if not self.frames and a.arg in given]
        for argument in ast.walk(arguments):
            if isinstance(argument, ast.arg) and argument not in wrapped:
                # Whoever gets hold of it may call it with anything.
                self._bind(argument.arg, DATA)
        for default in [*arguments.defaults, *filter(None, arguments.kw_defaults)]:
            self.eval(default)
        self._enter_defaults(arguments)
        self.frames.append(id(node))
        self.taken.append({n.arg for n in ast.walk(arguments) if isinstance(n, ast.arg)})
        for part in body:
            if isinstance(part, ast.expr):
                self._give(self.eval(part))
            else:
                self._statement(part)
        self.taken.pop()
        self.frames.pop()

    def _nested_class(self, node: ast.ClassDef) -> None:
        made = one(Atom(NESTED, text=str(id(node))))
        self._bind(node.name, made)
        self._make_class(node, made)
        for statement in node.body:
            if isinstance(statement, FUNCTION) and statement.args.args:
                self.instances.add(statement.args.args[0].arg)
            self._statement(statement)

    def _make_class(self, node: ast.ClassDef, made: Value) -> None:
        """Handle the head of a class statement: bases and their class make the class.

        They do it by ``__init_subclass__``, ``__mro_entries__`` and the like (data model,
        "Customizing class creation").
        """
        named = {k.arg: self.eval(k.value) for k in node.keywords if k.arg is not None}
        unpacked = [self.eval(k.value) for k in node.keywords if k.arg is None]
        call = call_of(node)._replace(named=named, unpacked=join(*unpacked))
        for base in node.bases:
            value = self.eval(base)
            self._call_given(node, value, made)
            for atom in value.of(GLOBAL):
                found = member(atom.thing, "__init_subclass__") if atom.thing is not None else None
                if found is not None and found[1].kind == "function":
                    self._follow(found[1], atom.thing, call, bound=True, held=False)
        for decorating in [*named.values(), *unpacked, *map(self.eval, node.decorator_list)]:
            self._call_given(node, decorating, made)

    def _call_given(self, node: ast.AST, callee: Value, argument: Value) -> None:
        """Call what the file gives, where that is what is called."""
        given = Value(callee.tainted, callee.only(PARAMETER).atoms)
        self._invoke(node, given, call_of(node, argument))

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else bound
            self._bind(bound, one(Atom(GLOBAL, Thing("module", module))))

    def _import_from(self, node: ast.ImportFrom) -> None:
        origin = absolute(self.source.module, node.module, node.level)
        for alias in node.names:
            thing = resolve(origin, alias.name) or Thing("external", origin, alias.name)
            self._bind(alias.asname or alias.name, self.statics.value_of(thing))

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self._run_implicit(node, self.eval(target.value), ("__delitem__",))
                self.eval(target.slice)
            elif isinstance(target, ast.Attribute):
                self._run_implicit(node, self.eval(target.value), ("__delattr__",))


_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Delete)

_STATEMENTS: dict[type, Callable[[Walk, Any], None]] = {
    ast.Assign: Walk._assign,
    ast.AnnAssign: Walk._annotated,
    ast.AugAssign: Walk._augmented,
    ast.Expr: Walk._expression,
    ast.If: Walk._if,
    ast.For: Walk._for,
    ast.AsyncFor: Walk._for,
    ast.While: Walk._while,
    ast.With: Walk._with,
    ast.AsyncWith: Walk._with,
    ast.ExceptHandler: Walk._handler,
    ast.Match: Walk._match,
    ast.Return: Walk._return,
    ast.FunctionDef: Walk._nested_function,
    ast.AsyncFunctionDef: Walk._nested_function,
    ast.ClassDef: Walk._nested_class,
    ast.Import: Walk._import,
    ast.ImportFrom: Walk._import_from,
    ast.Delete: Walk._delete,
}
