"""Moto's update expressions, which are most of what a write takes there. Each is parsed once, as what is made of it is a
copy; what is asked of a whole expression is asked once, and not again of each part that is nested in it; and which
nodes a step is about is known by their type.
"""
import functools

from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

MOST = 1_000


@functools.cache
def is_about(step, kind):
    """Of the types of a step and of a node; a value is no node."""
    return issubclass(kind, tuple(step._processing_map(step)))


def traverse(step, node, place=-1):
    """Bottom up, each node in its parent's list replaced by what the step makes of it."""
    if not is_node(type(node)):
        return node
    parent = node.parent
    for i, child in enumerate(node.children or ()):
        step.pre_processing_of_child(node, i)
        traverse(step, child, i)
    if is_about(type(step), type(node)):
        node = step.process(node)
        node.parent = parent
        if parent:
            parent.children[place] = node
    return node


is_node = functools.cache(lambda kind: issubclass(kind, Node))
UpdateExpressionParser.make = staticmethod(functools.lru_cache(MOST)(UpdateExpressionParser.make))
DepthFirstTraverser.traverse_node_recursively = traverse
ActionCountValidator.traverse = ActionCountValidator.verify_action_counts
OverlappingPathsValidator.traverse = OverlappingPathsValidator.check_for_overlapping_paths
