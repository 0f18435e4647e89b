"""The Compare dock: cubes side by side, their difference, swipe and blink, and pictures in colours."""
