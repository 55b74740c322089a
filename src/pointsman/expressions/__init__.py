"""The expression language of workflows, queues and list filters: parsed, compiled, and taken apart for the matcher."""

from .compiler import Expression, compile_expression
from .errors import ExpressionError
from .operators import Document, lookup
from .ordering import OrderBy, parse_order_by, parse_task_path
from .syntax import And, Comparison, Condition, Constant, ListLiteral, Operand, Operator, Or, Path, Root, Scope
from .terms import Keyed, Terms, keyed_by, split

__all__ = [
    "And",
    "Comparison",
    "Condition",
    "Constant",
    "Document",
    "Expression",
    "ExpressionError",
    "Keyed",
    "ListLiteral",
    "Operand",
    "Operator",
    "Or",
    "OrderBy",
    "Path",
    "Root",
    "Scope",
    "Terms",
    "compile_expression",
    "keyed_by",
    "lookup",
    "parse_order_by",
    "parse_task_path",
    "split",
]
