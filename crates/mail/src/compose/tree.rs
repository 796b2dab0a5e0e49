//! The outgoing mail's structure: the tree of the parts that stay.

use fubako_base::section::NoticePosition;

use crate::{outline::Outline, plan::Plan};

/// Multiparts in multiparts that we write; a mail has two or three. Whatever is deeper stands one after another.
const MAX_DEPTH: usize = 32;

/// How a multipart's children stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The same thing in several forms.
    Alternative,
    /// One after another.
    Mixed,
}

/// A part of the outgoing mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A body, by its index in [`Plan::bodies`].
    Leaf(usize),
    /// Two or more.
    Multipart(Kind, Vec<Node>),
}

/// The tree without what is deposited: a multipart with one child left is that child, and one with none is gone.
/// Nothing where no body stays.
pub(super) fn pruned(outline: &Outline, plan: &Plan) -> Option<Node> {
    let mut children: Vec<Vec<(Node, usize)>> = outline.parts.iter().map(|_| Vec::new()).collect();
    let mut bodies: Vec<Vec<usize>> = vec![Vec::new(); outline.parts.len()];
    for (index, body) in plan.bodies.iter().enumerate() {
        if let Some(place) = usize::try_from(body.part.0).ok().and_then(|at| bodies.get_mut(at)) {
            place.push(index);
        }
    }
    // Children stand after their parents, so that from the last part to the first each one's children are there.
    for (at, part) in outline.parts.iter().enumerate().rev() {
        let node = match bodies[at][..] {
            [index] => Some((Node::Leaf(index), 0)),
            // One part gave the same thing in several forms.
            [_, ..] => {
                Some((Node::Multipart(Kind::Alternative, bodies[at].iter().copied().map(Node::Leaf).collect()), 1))
            }
            [] => {
                let mut mine = std::mem::take(&mut children[at]);
                mine.reverse();
                joined(part.content_type.media_type(), mine)
            }
        };
        match (node, part.parent.map(|parent| usize::try_from(parent.0))) {
            (None, _) => {}
            (Some((node, _)), None) => return Some(node),
            (Some(node), Some(Ok(parent))) if parent < at => children[parent].push(node),
            // No outline has a part before its multipart.
            (Some(_), Some(_)) => {}
        }
    }
    None
}

/// The multipart of these children, each with its depth.
fn joined(media_type: &str, mut children: Vec<(Node, usize)>) -> Option<(Node, usize)> {
    if children.len() < 2 {
        return children.pop();
    }
    let kind = if media_type == "multipart/alternative" { Kind::Alternative } else { Kind::Mixed };
    let mut nodes = Vec::with_capacity(children.len());
    let mut depth = 0;
    for (node, below) in children {
        match node {
            // One after another within one after another is the same thing flat.
            Node::Multipart(Kind::Mixed, inner) if kind == Kind::Mixed => {
                depth = depth.max(below.saturating_sub(1));
                nodes.extend(inner);
            }
            node if below >= MAX_DEPTH => nodes.extend(leaves(node)),
            node => {
                depth = depth.max(below);
                nodes.push(node);
            }
        }
    }
    Some((Node::Multipart(kind, nodes), depth + 1))
}

fn leaves(node: Node) -> Vec<Node> {
    let (mut found, mut open) = (Vec::new(), vec![node]);
    while let Some(node) = open.pop() {
        match node {
            Node::Leaf(_) => found.push(node),
            Node::Multipart(_, children) => open.extend(children.into_iter().rev()),
        }
    }
    found
}

/// The bodies that get the notice (spec MAIL-NOTICE): every alternative, and of several bodies one after another the
/// last, or the first where the notice goes on top.
pub(super) fn noticed(root: &Node, position: NoticePosition) -> Vec<usize> {
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(node) = open.pop() {
        match node {
            Node::Leaf(index) => found.push(*index),
            Node::Multipart(Kind::Alternative, children) => open.extend(children),
            Node::Multipart(Kind::Mixed, children) => open.extend(match position {
                NoticePosition::Top => children.first(),
                NoticePosition::End => children.last(),
            }),
        }
    }
    found
}
