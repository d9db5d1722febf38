//! Screen, touch, lamp and button: the Pi, and a desk stand-in.
